"""What one client can change is bounded, and the noise is what was asked for, whoever is missing."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from beyond.differential_privacy.mechanism import clipped, difference, private_mean, system_normal

SHAPES = ((2, 3), (4,))
FLOATS = st.floats(-1e6, 1e6, width=32)
UPDATES = st.tuples(*(arrays(np.float32, shape, elements=FLOATS) for shape in SHAPES)).map(list)


def length(update):
    """Return the L2 norm over all arrays."""
    return np.sqrt(sum(np.sum(np.square(array, dtype=np.float64)) for array in update))


@given(UPDATES, st.floats(1e-3, 1e3))
def test_a_clipped_update_is_no_longer_than_the_clip_and_points_the_same_way(update, clip):
    short = clipped(update, clip)
    assert length(short) <= clip * (1 + 1e-12)
    if length(update) <= clip:
        assert all(np.array_equal(a, b) for a, b in zip(short, update, strict=True))
    else:
        along = sum(np.vdot(a, b.astype(np.float64)) for a, b in zip(short, update, strict=True))
        assert along == pytest.approx(length(short) * length(update), rel=1e-6)


@given(st.lists(UPDATES, min_size=1, max_size=6), UPDATES, st.floats(1e-3, 1e3), st.integers(0, 5))
def test_one_client_more_moves_the_mean_by_at_most_the_clip_over_all(
    updates, one_more, clip, missing
):
    clients = len(updates) + 1 + missing
    without = private_mean(updates, clients, clip, 1.0, np.zeros)
    with_it = private_mean([*updates, one_more], clients, clip, 1.0, np.zeros)
    moved = length([a - b for a, b in zip(with_it, without, strict=True)])
    assert moved <= clip / clients * (1 + 1e-9)


def test_counters_of_whole_numbers_tell_nothing():
    update = [np.array([3.0, 4.0], np.float32), np.array(10**9)]
    assert [array.tolist() for array in clipped(update, 1.0)] == [pytest.approx([0.6, 0.8]), 0.0]
    assert private_mean([update], 2, 1.0, 5.0, np.ones)[1] == 0


def test_masks_and_counters_have_changed_by_nothing_and_statistics_by_what_they_have():
    sent = [np.zeros(2, np.float32), np.array([True, False]), np.array(7)]
    new = [np.array([3, 4], np.float32), np.array([False, True]), np.array(9)]
    assert [array.tolist() for array in difference(new, sent)] == [[3, 4], [0, 0], 0]
    averaged = [array.astype(np.float64) for array in new]  # as they come to the strategy
    assert [array.tolist() for array in difference(averaged, sent)] == [[3, 4], [0, 0], 0]
    assert length(clipped(difference(new, sent), 1.0)) == pytest.approx(1.0)


@pytest.mark.parametrize("normal", [system_normal, np.random.default_rng(1).standard_normal])
@pytest.mark.parametrize("present", [1, 5, 10])
def test_the_noise_is_as_large_as_asked_for_whoever_is_missing(normal, present):
    updates = [[np.zeros(100, np.float32)]] * present
    draws = [private_mean(updates, 10, 0.5, 2.0, normal)[0] for _ in range(1000)]
    # The standard deviation of 100,000 draws is known to 0.22 %: 1 % is more than four times that.
    assert np.std(draws) == pytest.approx(2.0 * 0.5 / 10, rel=0.01)
    assert abs(np.mean(draws)) < 0.1 * 5 / np.sqrt(np.size(draws))


def test_the_systems_noise_is_normal_and_never_the_same():
    draws = system_normal((100, 1000))
    assert draws.shape == (100, 1000) and system_normal((1,)) != system_normal((1,))
    for bound, part in [(1, 0.682689), (2, 0.954500), (3, 0.997300)]:
        assert np.mean(np.abs(draws) < bound) == pytest.approx(part, abs=0.006)
    assert np.corrcoef(draws[0], draws[1])[0, 1] == pytest.approx(0, abs=0.2)
