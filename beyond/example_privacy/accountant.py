"""What the steps of DP-SGD cost: epsilon for adding or removing one image, by Google's dp-accounting."""

import collections
import functools
import math
from dataclasses import dataclass

from beyond.differential_privacy.accountant import load

BIN = 1e-3  # of the privacy loss distribution; rounded up, so that epsilon is never too small
LEAST_NOISE, MOST_NOISE = 0.3, 1e4  # noise multipliers that are tried


@dataclass(frozen=True)
class Plan:
    """Steps of DP-SGD with one setting."""

    sampling_rate: float  # the chance of every image to be in a step
    noise_multiplier: float  # the noise's standard deviation over the clip
    steps: int


def accountant_of(plans):
    """Return dp-accounting's PLDAccountant of all `plans`. Raises UserError as `load` does."""
    steps = collections.Counter()
    for plan in plans:  # alike steps are composed at once, which is quick
        steps[plan.sampling_rate, plan.noise_multiplier] += plan.steps
    return _accountant_of(tuple(sorted(steps.items())))


@functools.lru_cache(maxsize=32)  # clients in one process ask the same
def _accountant_of(settings):
    """Return the same for (((sampling rate, noise multiplier), steps), ...)."""
    accounting, pld = load()
    accountant = pld.PLDAccountant(
        accounting.NeighboringRelation.ADD_OR_REMOVE_ONE, value_discretization_interval=BIN
    )
    for (rate, noise), steps in settings:
        step = accounting.PoissonSampledDpEvent(rate, accounting.GaussianDpEvent(noise))
        accountant.compose(accounting.SelfComposedDpEvent(step, steps))
    return accountant


def spent_epsilon(plans, delta):
    """Return the epsilon at `delta` of everything in `plans`."""
    return accountant_of(plans).get_epsilon(delta)


def noise_multiplier_for(epsilon, delta, rate, steps, earlier=()):
    """Return the noise with which `steps` more cost `epsilon` together with the `earlier` plans.

    That, or a thousandth more; and never less than LEAST_NOISE. None if no noise is enough, or if less than a
    hundredth of `epsilon` is left.
    """
    load()  # brings scipy
    from scipy.optimize import brentq

    def excess(log_noise):
        plans = [*earlier, Plan(rate, math.exp(log_noise), steps)]
        return spent_epsilon(plans, delta) - epsilon

    if excess(math.log(MOST_NOISE)) > 0:
        return None
    if earlier and spent_epsilon(earlier, delta) > 0.99 * epsilon:
        return None
    low, high = math.log(LEAST_NOISE), 0.0
    if excess(high) <= 0 and excess(low) <= 0:
        return LEAST_NOISE
    while excess(high) > 0:  # a near bracket is quick to search; all these are cached
        low, high = high, high + 1
    return math.exp(brentq(excess, low, high, xtol=1e-4) + 2e-4)


def detected(plans, false_alarms):
    """Return the largest part of members that any attacker can find, a fraction, with so many `false_alarms`.

    Of all tests whether one image was there, by an attacker who knows every other image and sees everything
    that leaves the client: the tightest of the bounds e^epsilon * false_alarms + delta(epsilon).
    """
    accountant = accountant_of(plans)
    bounds = [
        math.exp(epsilon) * false_alarms + accountant.get_delta(epsilon)
        for epsilon in (step / 20 for step in range(-200, 400))
    ]
    return min(1.0, *bounds)
