"""What rounds of the Gaussian mechanism cost: epsilon, by google's dp-accounting.

Always for the adjacency "add or remove one client": two federations that differ by one client's presence.
"""

from support.command_line import UserError

import math

SMALLEST_MU = 1e-6  # epsilon is 0 there, at any delta that anybody would name
# Epsilon is above 500 there, which promises nothing; and a little beyond, the accountant's floats overflow.
LARGEST_MU = 30.0


def spent_epsilon(noise_multiplier, rounds, delta):
    """Return epsilon at `delta` after `rounds` in which everybody was asked; infinity if it is above 500.

    T rounds with noise multiplier z are one Gaussian mechanism with noise multiplier z / sqrt(T) (Dong, Roth
    and Su 2022, arXiv 1905.02383, corollary 3.3), whose privacy loss distribution (PLD) is exact but for the
    width of its bins; those are made so fine that four digits are right. Raises UserError as `load` does.
    """
    mu = max(signal_to_noise(noise_multiplier, rounds), SMALLEST_MU)
    if mu > LARGEST_MU:
        return math.inf
    accounting, pld = load()
    accountant = pld.PLDAccountant(
        accounting.NeighboringRelation.ADD_OR_REMOVE_ONE,
        value_discretization_interval=1e-4 * mu * max(1.0, mu),
    )
    accountant.compose(accounting.GaussianDpEvent(1 / mu))
    return accountant.get_epsilon(delta)


def noise_multiplier_for(epsilon, rounds, delta):
    """Return the noise multiplier with which `rounds` cost `epsilon` at `delta`, by bisection.

    Raises UserError if no noise multiplier that spent_epsilon knows comes to that.
    """
    lowest, highest = math.sqrt(rounds) / LARGEST_MU, math.sqrt(rounds) * 1e6
    if not spent_epsilon(highest, rounds, delta) <= epsilon <= spent_epsilon(lowest, rounds, delta):
        raise UserError(f"no noise makes epsilon {epsilon:g} at delta {delta:g}; choose another")
    while highest / lowest > 1 + 1e-6:
        middle = math.sqrt(lowest * highest)
        if spent_epsilon(middle, rounds, delta) > epsilon:
            lowest = middle
        else:
            highest = middle
    return highest  # the side on which the promise is kept


def signal_to_noise(noise_multiplier, rounds):
    """Return mu = sqrt(rounds) / noise_multiplier, on which alone epsilon depends."""
    return math.sqrt(rounds) / noise_multiplier


def load():
    """Return the modules dp_accounting and dp_accounting.pld; raise UserError if they are not installed."""
    try:
        import dp_accounting
        from dp_accounting import pld
    except ImportError:
        raise UserError(
            "dp-accounting is missing; install it with pip install -r requirements-beyond.txt"
        ) from None
    return dp_accounting, pld
