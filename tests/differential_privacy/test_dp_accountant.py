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
    alike = googles_epsilon(*[2.0] * 5, delta=1e-3)
    assert spent_epsilon(2.0, 5, 1e-3) == pytest.approx(alike, rel=1e-4)
    different = googles_epsilon(2.0, 3.0, 1.5, delta=1e-3)
    assert epsilon_of(math.hypot(1 / 2, 1 / 3, 1 / 1.5), 1e-3) == pytest.approx(different, rel=1e-4)


@pytest.mark.parametrize(
    ("mu", "delta", "epsilon"),
    [
        (1.0, 1e-17, 8.728857981875601),
        (1.0, 1e-300, 37.448847912139105),
        (77.45966692414834, 1e-2, 3179.212905310409),
        (1000.0, 1e-5, 504263.89292065408),
    ],
)
def test_epsilon_has_no_end(mu, delta, epsilon):
    """By mpmath with 500 digits from the definition: where an accountant of bins ends, or floats overflow."""
    assert epsilon_of(mu, delta) == pytest.approx(epsilon, rel=1e-9)


@pytest.mark.parametrize("epsilon", [0.01, 1.0, 8.0, 500.0])
@pytest.mark.parametrize("delta", [0.5, 1e-2, 1e-20, 1e-300])
def test_any_epsilon_at_any_delta_has_its_noise(epsilon, delta):
    assert epsilon_of(mu_of(epsilon, delta), delta) == pytest.approx(epsilon, rel=1e-9)


# The mu with which a Gaussian mechanism costs epsilon 8 at delta: computed by others, to two decimals.
@pytest.mark.parametrize(("delta", "mu"), [(1e-2, 2.45), (1e-3, 2.08), (1e-5, 1.67)])
def test_the_noise_for_a_target_keeps_the_promise_and_wastes_nothing(delta, mu):
    noise_multiplier = noise_multiplier_for(8, 100, delta)
    assert spent_epsilon(noise_multiplier, 100, delta) <= 8
    assert spent_epsilon(noise_multiplier * 0.9999, 100, delta) > 8
    assert 10 / noise_multiplier == pytest.approx(mu, abs=0.006)


def test_the_noise_for_what_is_left_spends_the_rest_and_no_more():
    before = 1 / 0.9  # one round with the noise multiplier 0.9
    rest = noise_multiplier_for(8, 3, 1e-2, spent_mu=before)
    spent = epsilon_of(math.hypot(before, *[1 / rest] * 3), 1e-2)
    assert spent <= 8 and spent == pytest.approx(8)
    for spent in (8, 9):
        assert noise_multiplier_for(8, 3, 1e-2, spent_mu=mu_of(spent, 1e-2)) == math.inf


@pytest.mark.parametrize("noise_multiplier", [1e4, 1e8, 1e300])
def test_nearly_endless_noise_costs_nearly_nothing(noise_multiplier):
    assert 0 <= spent_epsilon(noise_multiplier, 1, 1e-5) < 1e-3
