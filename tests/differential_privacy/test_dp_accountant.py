"""Epsilon is what two other ways come to, and more noise or fewer rounds cost less."""

import math

import dp_accounting
import pytest
from dp_accounting import pld

from beyond.differential_privacy.accountant import (
    epsilon_of,
    mu_of,
    noise_multiplier_for,
    spent_epsilon,
)

# (epsilon, delta): the mu with which a Gaussian mechanism costs that; computed by others, to two decimals.
KNOWN_MU = {(8, 1e-2): 2.45, (8, 1e-3): 2.08, (8, 1e-5): 1.67}


def googles_epsilon(*noise_multipliers, delta):
    """Return what dp-accounting says of rounds with these noise multipliers, by privacy loss distributions.

    They are exact but for the width of their bins.
    """
    mu = math.hypot(*(1 / noise_multiplier for noise_multiplier in noise_multipliers))
    bins = 1e-3 * mu * max(1.0, mu)
    neighbours = dp_accounting.NeighboringRelation.ADD_OR_REMOVE_ONE
    accountant = pld.PLDAccountant(neighbours, value_discretization_interval=bins)
    for noise_multiplier in noise_multipliers:
        accountant.compose(dp_accounting.GaussianDpEvent(noise_multiplier))
    return accountant.get_epsilon(delta)


@pytest.mark.parametrize("noise_multiplier", [0.3, 1.0, 4.8, 30.0])
@pytest.mark.parametrize("delta", [1e-2, 1e-5, 1e-10])
def test_epsilon_is_googles_to_four_digits(noise_multiplier, delta):
    expected = googles_epsilon(noise_multiplier, delta=delta)
    assert spent_epsilon(noise_multiplier, 1, delta) == pytest.approx(expected, rel=1e-4)


def test_rounds_with_different_noise_cost_what_their_composition_costs():
    assert spent_epsilon(2.0, 5, 1e-3) == pytest.approx(
        googles_epsilon(*[2.0] * 5, delta=1e-3), rel=1e-4
    )
    different = (2.0, 3.0, 1.5)
    mu = math.hypot(*(1 / noise_multiplier for noise_multiplier in different))
    assert epsilon_of(mu, 1e-3) == pytest.approx(googles_epsilon(*different, delta=1e-3), rel=1e-4)


# By mpmath with 500 digits, from the definition: where an accountant of bins ends, or floats overflow.
FAR = [
    (1.0, 1e-17, 8.728857981875601),
    (1.0, 1e-300, 37.448847912139105),
    (77.45966692414834, 1e-2, 3179.212905310409),
    (1000.0, 1e-5, 504263.89292065408),
]


@pytest.mark.parametrize(("mu", "delta", "epsilon"), FAR)
def test_epsilon_has_no_end(mu, delta, epsilon):
    assert epsilon_of(mu, delta) == pytest.approx(epsilon, rel=1e-9)


@pytest.mark.parametrize("epsilon", [0.01, 1.0, 8.0, 500.0])
@pytest.mark.parametrize("delta", [0.5, 1e-2, 1e-20, 1e-300])
def test_any_epsilon_at_any_delta_has_its_noise(epsilon, delta):
    assert epsilon_of(mu_of(epsilon, delta), delta) == pytest.approx(epsilon, rel=1e-9)


@pytest.mark.parametrize(("target", "mu"), KNOWN_MU.items())
def test_the_noise_for_a_target_keeps_the_promise_and_wastes_nothing(target, mu):
    epsilon, delta = target
    noise_multiplier = noise_multiplier_for(epsilon, 100, delta)
    assert spent_epsilon(noise_multiplier, 100, delta) <= epsilon
    assert spent_epsilon(noise_multiplier * 0.9999, 100, delta) > epsilon
    assert 10 / noise_multiplier == pytest.approx(mu, abs=0.006)


def test_the_noise_for_what_is_left_spends_the_rest_and_no_more():
    before = 1 / 0.9  # one round with the noise multiplier 0.9
    rest = noise_multiplier_for(8, 3, 1e-2, spent_mu=before)
    spent = epsilon_of(math.hypot(before, *[1 / rest] * 3), 1e-2)
    assert spent <= 8 and spent == pytest.approx(8)
    assert noise_multiplier_for(8, 3, 1e-2, spent_mu=mu_of(8, 1e-2)) == math.inf
    assert noise_multiplier_for(8, 3, 1e-2, spent_mu=mu_of(9, 1e-2)) == math.inf


@pytest.mark.parametrize("noise_multiplier", [1e4, 1e8, 1e300])
def test_nearly_endless_noise_costs_nearly_nothing(noise_multiplier):
    assert 0 <= spent_epsilon(noise_multiplier, 1, 1e-5) < 1e-3
