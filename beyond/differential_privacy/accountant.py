"""What rounds of the Gaussian mechanism cost: epsilon, by google's dp-accounting.

Always for the adjacency "add or remove one client": two federations that differ by one client's presence.
"""

import math

from support.command_line import UserError

SMALLEST_MU = 1e-6  # epsilon is 0 there, at any delta that anybody would name
# Epsilon is above 500 there, which promises nothing; and a little beyond, the accountant's floats overflow.
LARGEST_MU = 30.0


def spent_epsilon(noise_multiplier, rounds, delta):
    """Return epsilon at `delta` after `rounds` in which all clients were asked; infinity if it is above 500.

    T rounds with noise multiplier z are one Gaussian mechanism with noise multiplier z / sqrt(T) (Dong, Roth
    and Su 2022, arXiv 1905.02383, corollary 3.3). Raises UserError as `load` does.
    """
    mu = max(signal_to_noise(noise_multiplier, rounds), SMALLEST_MU)
    return math.inf if mu > LARGEST_MU else _epsilon(mu, delta)


def _epsilon(mu, delta):
    """Return epsilon of one Gaussian mechanism with the noise multiplier 1 / `mu`, by its PLD.

    The privacy loss distribution is exact but for the width of its bins: so fine that four digits are right.
    """
    accounting, pld = load()
    accountant = pld.PLDAccountant(
        accounting.NeighboringRelation.ADD_OR_REMOVE_ONE,
        value_discretization_interval=1e-3 * mu * max(1.0, mu),
    )
    accountant.compose(accounting.GaussianDpEvent(1 / mu))
    return accountant.get_epsilon(delta)


def noise_multiplier_for(epsilon, rounds, delta):
    """Return the noise multiplier with which `rounds` cost `epsilon` at `delta`, or a millionth more noise.

    Raises UserError if nothing within the accountant's bounds gives that.
    """
    load()  # brings scipy
    from scipy.optimize import brentq

    bounds = math.log(SMALLEST_MU), math.log(LARGEST_MU)
    if not _epsilon(SMALLEST_MU, delta) < epsilon < _epsilon(LARGEST_MU, delta):
        raise UserError(f"no noise makes epsilon {epsilon:g} at delta {delta:g}; choose another")
    mu = math.exp(brentq(lambda x: _epsilon(math.exp(x), delta) - epsilon, *bounds, xtol=1e-7))
    return math.sqrt(rounds) / mu * (1 + 1e-6)  # the side on which the promise is kept


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
