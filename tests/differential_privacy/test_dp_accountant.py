"""Epsilon is what the theory of the Gaussian mechanism says, and more noise or fewer rounds cost less."""

import math

import dp_accounting
import pytest
from dp_accounting import pld

from beyond.differential_privacy.accountant import noise_multiplier_for, spent_epsilon

# (epsilon, delta): the mu with which a Gaussian mechanism costs that; computed by others, to two decimals.
KNOWN_MU = {(8, 1e-2): 2.45, (8, 1e-3): 2.08, (8, 1e-5): 1.67}


def cdf(x):
    """Return the standard normal distribution function; exact far below zero, too."""
    return math.erfc(-x / math.sqrt(2)) / 2


def delta_of(mu, epsilon):
    """Return delta in closed form (Balle and Wang 2018, arXiv 1805.06530, theorem 8)."""
    return cdf(mu / 2 - epsilon / mu) - math.exp(epsilon) * cdf(-mu / 2 - epsilon / mu)


def epsilon_of(mu, delta):
    """Return epsilon in closed form, by bisection."""
    low, high = 0.0, 700.0
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if delta_of(mu, middle) > delta else (low, middle)
    return high


@pytest.mark.parametrize("noise_multiplier", [0.3, 1.0, 4.8, 30.0])
@pytest.mark.parametrize("rounds", [1, 10, 100])
@pytest.mark.parametrize("delta", [1e-2, 1e-5])
def test_epsilon_equals_the_closed_form_to_four_digits(noise_multiplier, rounds, delta):
    mu = math.sqrt(rounds) / noise_multiplier
    expected = math.inf if mu > 30 else epsilon_of(mu, delta)
    assert spent_epsilon(noise_multiplier, rounds, delta) == pytest.approx(expected, rel=1e-4)


def test_one_mechanism_costs_what_the_composition_of_all_rounds_costs():
    accountant = pld.PLDAccountant(dp_accounting.NeighboringRelation.ADD_OR_REMOVE_ONE)
    for _ in range(5):
        accountant.compose(dp_accounting.GaussianDpEvent(2.0))
    assert spent_epsilon(2.0, 5, 1e-3) == pytest.approx(accountant.get_epsilon(1e-3), rel=1e-4)


@pytest.mark.parametrize(("target", "mu"), KNOWN_MU.items())
def test_the_noise_for_a_target_keeps_the_promise_and_wastes_nothing(target, mu):
    epsilon, delta = target
    noise_multiplier = noise_multiplier_for(epsilon, 100, delta)
    assert spent_epsilon(noise_multiplier, 100, delta) <= epsilon
    assert spent_epsilon(noise_multiplier * 0.9999, 100, delta) > epsilon
    assert 10 / noise_multiplier == pytest.approx(mu, abs=0.006)


@pytest.mark.parametrize("noise_multiplier", [1e4, 1e8, 1e300])
def test_nearly_endless_noise_costs_nearly_nothing(noise_multiplier):
    assert 0 <= spent_epsilon(noise_multiplier, 1, 1e-5) < 1e-3
