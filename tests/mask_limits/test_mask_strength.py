"""What secure aggregation in Flower 1.42 does not give, measured with Flower's own functions."""

import numpy as np
import pytest
from flwr.common.secure_aggregation.secaggplus_utils import pseudo_rand_gen

from beyond.mask_limits.mask_strength import effective_bits, seed_of, shared_keys
from beyond.secure_aggregation.shares import threshold


@pytest.fixture(scope="module")
def keys():
    return shared_keys(200)


def test_a_key_of_256_bits_has_28_as_a_seed(keys):
    assert len(set(keys)) == len(keys)
    assert {len(key) for key in keys} == {44}  # 32 bytes in base64
    assert effective_bits([seed_of(key) for key in keys]) == 28


def test_the_measure_finds_all_bits_where_they_are():
    rng = np.random.default_rng(0)
    assert effective_bits([int(seed) for seed in rng.integers(0, 2**32, 200)]) == 32
    assert effective_bits([0, 1, 2, 3]) == 2
    assert effective_bits([7, 7]) == 0


def test_the_seed_is_all_that_a_mask_is_made_of(keys):
    for key in keys[:5]:
        mask = pseudo_rand_gen(key, 2**32, [(1000,)])[0]
        other = np.random.RandomState(seed_of(key)).randint(0, 2**32 - 1, (1000,), dtype=np.int64)
        assert np.array_equal(mask, other)


@pytest.mark.parametrize("shares", range(5, 12))
def test_two_groups_that_could_open_a_secret_have_somebody_in_common(shares):
    assert 2 * threshold(shares) > shares
