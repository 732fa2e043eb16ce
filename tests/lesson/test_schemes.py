"""The images are dealt out as the papers say, each to one client, and always alike."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import partition
from support.command_line import UserError
from support.mnist import dirichlet, shards
from tests.support.lesson import settings_of


def deal(scheme, labels, clients, seed, alpha=0.5):
    """Return the shares that a scheme deals out."""
    more = [alpha] if scheme is dirichlet else []
    return scheme(labels, clients, np.random.default_rng(seed), *more)


@pytest.mark.parametrize("scheme", [partition.iid, dirichlet, shards])
@settings(max_examples=60, deadline=None)
@given(data=st.data(), seed=st.integers(0, 2**31), alpha=st.floats(0, 1e300, exclude_min=True))
def test_every_image_has_one_owner_and_no_client_goes_empty(scheme, data, seed, alpha):
    labels = np.array(data.draw(st.lists(st.integers(0, 9), min_size=2, max_size=300)))
    clients = data.draw(st.integers(1, len(labels) // 2))
    shares = deal(scheme, labels, clients, seed, alpha)
    sizes = list(map(len, shares))
    assert len(sizes) == clients and min(sizes) >= 1
    assert scheme is not partition.iid or max(sizes) - min(sizes) <= 1
    assert sorted(np.concatenate(shares)) == list(range(len(labels)))
    again = deal(scheme, labels, clients, seed, alpha)
    assert all((one == other).all() for one, other in zip(shares, again, strict=True))


@pytest.mark.parametrize("scheme", [partition.iid, dirichlet, shards])
def test_another_seed_deals_otherwise(mnist, scheme):
    shares = [deal(scheme, mnist.labels, 10, seed)[3].tolist() for seed in range(20)]
    assert len(set(map(tuple, shares))) == 20


@pytest.mark.parametrize("scheme", [partition.iid, dirichlet, shards])
def test_a_scheme_is_chosen_by_its_name(mnist, scheme):
    settings = settings_of("--clients", 9, "--scheme", scheme.__name__)
    shares = partition.deal_out(mnist.labels, settings)
    assert all(map(np.array_equal, shares, deal(scheme, mnist.labels, 9, seed=0)))


def test_every_share_of_an_iid_split_looks_like_the_whole(mnist):
    shares = partition.iid(mnist.labels, 10, np.random.default_rng(0))
    whole = np.bincount(mnist.labels, minlength=10) / len(mnist.labels)
    for share in shares:
        digits = np.bincount(mnist.labels[share], minlength=10) / len(share)
        assert np.abs(digits - whole).max() < 0.02  # five standard deviations of 6,000 draws


@pytest.mark.parametrize("scheme", ["iid", "dirichlet"])
def test_sixty_thousand_clients_have_an_image_each(mnist, scheme):
    shares = partition.deal_out(mnist.labels, settings_of("--clients", 60_000, "--scheme", scheme))
    assert [len(share) for share in shares] == [1] * 60_000
    assert sorted(np.concatenate(shares)) == list(range(60_000))


@pytest.mark.parametrize(
    "clients, scheme, complaint",
    [
        *((60_001, scheme, "60001 clients cannot share") for scheme in ("iid", "dirichlet")),
        (60_001, "shards", "60001 clients cannot share 60000 images; use fewer --clients"),
        (30_001, "shards", "60002 shards cannot be cut from 60000 images"),
    ],
)
def test_more_clients_than_images_or_shards_are_too_many(mnist, clients, scheme, complaint):
    with pytest.raises(UserError, match=complaint):
        partition.deal_out(mnist.labels, settings_of("--clients", clients, "--scheme", scheme))


@pytest.mark.parametrize("alpha", [0.1, 1.0, 10.0])
def test_dirichlet_mixtures_vary_as_much_as_the_distribution_does(mnist, alpha):
    """E[sum of squared shares] is known for Dir(alpha p), and for n images drawn from such a mixture."""
    labels, size = mnist.labels.astype(int), 60
    prior = np.bincount(labels) / len(labels)
    expected = sum(prior * (1 - prior) / (alpha + 1) + prior**2) * (1 - 1 / size) + 1 / size
    seen = []
    for seed in range(3):
        dealt = deal(dirichlet, labels, len(labels) // size, seed, alpha)
        seen.append(concentration(labels, dealt[:200]))  # nothing has run out yet
    assert np.mean(seen) == pytest.approx(expected, rel=0.07)


def concentration(labels, shares):
    """Return the mean of the sums of squared parts that the digits have in each of `shares`."""
    parts = [np.bincount(labels[share], minlength=10) / len(share) for share in shares]
    return np.mean(np.sum(np.square(parts), axis=1))


def test_with_a_large_alpha_every_client_has_digits_as_often_as_they_occur():
    labels = np.repeat([0, 1, 7], [8000, 1500, 500])
    for share in deal(dirichlet, labels, 10, seed=0, alpha=1e6)[:5]:  # nothing has run out yet
        shares = np.bincount(labels[share], minlength=10) / len(share)
        assert shares[[0, 1, 7]] == pytest.approx([0.8, 0.15, 0.05], abs=0.06)


@pytest.mark.parametrize("alpha", [0.01, 1e-3, 1e-300])
def test_with_a_small_alpha_a_client_has_one_digit(alpha):
    labels = np.repeat(np.arange(10), 300)
    seen = [concentration(labels, deal(dirichlet, labels, 10, seed, alpha)) for seed in range(20)]
    assert np.mean(seen) == pytest.approx(1.0, abs=0.03)


def test_shards_are_mcmahans_200_of_300_images(mnist):
    labels = mnist.labels.astype(int)
    place = np.empty(len(labels), int)
    place[np.argsort(labels, kind="stable")] = np.arange(len(labels))
    shares = deal(shards, labels, 100, seed=3)
    numbers = [np.unique(place[share] // 300) for share in shares]
    assert [len(share) for share in shares] == [600] * 100
    assert [len(number) for number in numbers] == [2] * 100
    assert sorted(np.concatenate(numbers)) == list(range(200))
    assert max(len(np.unique(labels[share])) for share in shares) <= 4
