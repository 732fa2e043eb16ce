"""What rounds of the Gaussian mechanism cost: epsilon in closed form, and the noise that costs no more.

Always for the adjacency "add or remove one client": two federations that differ by one client's presence.
Rounds with the noise multipliers z1, z2, ..., in which all clients are asked, are one Gaussian mechanism that
moves the mean by mu standard deviations, mu^2 = 1/z1^2 + 1/z2^2 + ... (Dong, Roth and Su 2022, arXiv
1905.02383, corollary 3.3). What that costs is known exactly (Balle and Wang 2018, arXiv 1805.06530, theorem
8). Nothing is cut off, so any epsilon and any delta will do.
"""

import math

import torch

from support.command_line import UserError

SMALLEST_MU = 1e-6  # less counts as much: epsilon is nearly 0 there
USED_UP = 1e-6  # of what is allowed: less than that is what rounding has left
HALVINGS = 100  # of an interval: then its ends are neighbouring floats


def spent_epsilon(noise_multiplier, rounds, delta):
    """Return epsilon at `delta` after `rounds` in which all clients were asked."""
    return epsilon_of(signal_to_noise(noise_multiplier, rounds), delta)


def noise_multiplier_for(epsilon, rounds, delta, spent_mu=0.0):
    """Return the smallest noise multiplier with which `rounds` cost no more than `epsilon` at `delta`.

    `spent_mu` is what went before. Returns infinity if it has left nothing.
    """
    allowed = mu_of(epsilon, delta) ** 2
    left = allowed - spent_mu**2  # squares add up
    keeps_it = 1 + 1e-12  # whichever way floats are rounded
    return math.sqrt(rounds / left) * keeps_it if left > USED_UP * allowed else math.inf


def signal_to_noise(noise_multiplier, rounds):
    """Return mu = sqrt(rounds) / noise_multiplier, on which alone epsilon depends."""
    return math.sqrt(rounds) / noise_multiplier


def epsilon_of(mu, delta):
    """Return the smallest epsilon with which a Gaussian mechanism with `mu` keeps (epsilon, `delta`)."""
    mu = max(mu, SMALLEST_MU)
    if delta_of(mu, 0.0) <= delta:
        return 0.0
    # Enough for any delta: there its first term alone is below it, as cdf(-x) <= exp(-x * x / 2).
    enough = mu * (mu / 2 + math.sqrt(-2 * math.log(delta)))
    return _halved(0.0, enough, lambda epsilon: delta_of(mu, epsilon) <= delta)[1]


def mu_of(epsilon, delta):
    """Return the largest mu of a Gaussian mechanism that keeps (`epsilon`, `delta`)."""
    too_much = math.sqrt(2 * epsilon) + 40  # delta is 1 there, but for what floats do not hold
    return _halved(0.0, too_much, lambda mu: delta_of(mu, epsilon) > delta)[0]


def delta_of(mu, epsilon):
    """Return the smallest delta with which a Gaussian mechanism with `mu` keeps (`epsilon`, delta).

    It is cdf(mu/2 - epsilon/mu) - exp(epsilon) * cdf(-mu/2 - epsilon/mu). Written with the density at the
    first place, the second term has neither a huge nor a vanishing factor.
    """
    first, second = epsilon / mu - mu / 2, epsilon / mu + mu / 2
    return _upper_tail(first) - math.exp(-first * first / 2) * _scaled_tail(second)


def _upper_tail(x):
    """Return the probability that a standard normal number is above `x`; exact far from zero, too."""
    return math.erfc(x / math.sqrt(2)) / 2


def _scaled_tail(x):
    """Return _upper_tail(x) * exp(x * x / 2) for `x` >= 0, also where the first factor is no float."""
    scaled = torch.special.erfcx(torch.tensor(x / math.sqrt(2), dtype=torch.float64))
    return scaled.item() / 2


def _halved(low, high, is_high):
    """Return two neighbouring floats between `low` and `high`, of which `is_high` is false and true."""
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (low, middle) if is_high(middle) else (middle, high)
    return low, high


def load():
    """Return the modules dp_accounting and dp_accounting.pld, for rooms whose mechanism has no closed form.

    Raises UserError if they are not installed.
    """
    try:
        import dp_accounting
        from dp_accounting import pld
    except ImportError:
        raise UserError(
            "dp-accounting is missing; install it with pip install -r requirements-beyond.txt"
        ) from None
    return dp_accounting, pld
