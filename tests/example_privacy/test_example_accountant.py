"""Epsilon of sampled steps is what theory says, by other ways than the one that counts."""

import math
from statistics import NormalDist

import pytest

from beyond.differential_privacy import accountant as of_rounds
from beyond.example_privacy.accountant import (
    LEAST_NOISE,
    Plan,
    detected,
    noise_multiplier_for,
    spent_epsilon,
)

DELTA = 1e-5
LESSON = Plan(sampling_rate=256 / 6000, noise_multiplier=0.8, steps=276)


@pytest.mark.parametrize("noise, steps", [(1.0, 1), (4.0, 12), (20.0, 300)])
def test_without_sampling_it_is_the_gaussian_mechanism(noise, steps):
    expected = of_rounds.spent_epsilon(noise, steps, DELTA)
    assert spent_epsilon([Plan(1.0, noise, steps)], DELTA) == pytest.approx(expected, rel=2e-3)


def delta_of_one_step(epsilon, rate, noise):
    """Return delta of one sampled step in closed form, the larger one of adding and of removing.

    The densities are N(0, noise) without the image, and (1 - rate) N(0, noise) + rate N(1, noise) with it.
    Where their ratio passes e^epsilon lies x; beyond it the integral of the difference is one of tails.
    """

    def tail(x, mean):
        return math.erfc((x - mean) / noise / math.sqrt(2)) / 2

    def border(ratio):  # 1 - rate + rate * exp((2 x - 1) / (2 noise^2)) = ratio
        return noise**2 * math.log((ratio - 1 + rate) / rate) + 0.5

    x = border(math.exp(epsilon))
    removing = (1 - rate) * tail(x, 0) + rate * tail(x, 1) - math.exp(epsilon) * tail(x, 0)
    if math.exp(-epsilon) <= 1 - rate:
        return removing
    x = border(math.exp(-epsilon))
    without, with_it = 1 - tail(x, 0), 1 - (1 - rate) * tail(x, 0) - rate * tail(x, 1)
    return max(removing, without - math.exp(epsilon) * with_it)


@pytest.mark.parametrize("rate", [0.01, 0.2, 0.9])
@pytest.mark.parametrize("noise", [0.5, 1.0, 3.0])
def test_one_sampled_step_agrees_with_its_closed_form(rate, noise):
    epsilon = spent_epsilon([Plan(rate, noise, 1)], DELTA)
    assert delta_of_one_step(epsilon, rate, noise) == pytest.approx(DELTA, rel=0.03)


@pytest.mark.parametrize("noise", [0.8, 1.7, 5.0])
def test_all_steps_cost_no_more_than_renyi_accounting_says_and_not_much_less(noise):
    import dp_accounting
    from dp_accounting import rdp

    step = dp_accounting.PoissonSampledDpEvent(0.05, dp_accounting.GaussianDpEvent(noise))
    accountant = rdp.RdpAccountant(orders=range(2, 200))
    accountant.compose(dp_accounting.SelfComposedDpEvent(step, 200))
    looser = accountant.get_epsilon(DELTA)
    assert 0.8 * looser < spent_epsilon([Plan(0.05, noise, 200)], DELTA) < looser


def test_rounds_add_up_to_what_their_steps_cost_together():
    rounds = [Plan(LESSON.sampling_rate, LESSON.noise_multiplier, 23)] * 12
    assert spent_epsilon(rounds, DELTA) == spent_epsilon([LESSON], DELTA)
    other = Plan(0.1, 2.0, 10)
    assert spent_epsilon([LESSON, other], DELTA) > spent_epsilon([LESSON], DELTA)


@pytest.mark.parametrize("target", [8.0, 2.0, 0.5])
def test_the_noise_for_a_target_keeps_the_promise_and_wastes_little(target):
    rate, steps = LESSON.sampling_rate, LESSON.steps
    noise = noise_multiplier_for(target, DELTA, rate, steps)
    assert 0.998 * target < spent_epsilon([Plan(rate, noise, steps)], DELTA) <= target


def test_what_is_spent_already_is_taken_off():
    spent = [Plan(0.05, 1.0, 100)]
    noise = noise_multiplier_for(4.0, DELTA, 0.1, 50, spent)
    assert 3.99 < spent_epsilon([*spent, Plan(0.1, noise, 50)], DELTA) <= 4.0
    for target in (0.99 * spent_epsilon(spent, DELTA), 1.001 * spent_epsilon(spent, DELTA)):
        assert noise_multiplier_for(target, DELTA, 0.1, 50, spent) is None


def test_a_budget_without_end_still_gets_noise():
    assert noise_multiplier_for(1e6, DELTA, 0.5, 10) == LEAST_NOISE


@pytest.mark.parametrize("mu", [0.5, 3.0])
@pytest.mark.parametrize("false_alarms", [0.01, 0.1])
def test_what_an_attacker_finds_at_best_is_the_gaussian_trade_off(mu, false_alarms):
    normal = NormalDist()
    expected = normal.cdf(normal.inv_cdf(false_alarms) + mu)  # Dong, Roth and Su 2022
    assert detected([Plan(1.0, 1 / mu, 1)], false_alarms) == pytest.approx(expected, rel=0.01)
