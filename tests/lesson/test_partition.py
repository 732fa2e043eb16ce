"""How the images are dealt out, and what a partition file may hold."""

from support.command_line import UserError
from support.partitions import are_partitioned, load_partition

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import partition
from tests.support.lesson import settings_of
from tests.support.small import save_partition, write_partitions

clients = st.integers(1, 50)
seeds = st.integers(0, 2**32)


def split(count, clients, seed):
    """Return the split as a list of lists."""
    labels = np.arange(count) % 10
    return [share.tolist() for share in partition.iid(labels, clients, np.random.default_rng(seed))]


@given(st.integers(50, 400), clients, seeds)
def test_shares_are_disjoint_complete_and_as_equal_as_can_be(count, clients, seed):
    shares = split(count, clients, seed)
    assert len(shares) == clients
    assert sorted(sum(shares, [])) == list(range(count))
    sizes = list(map(len, shares))
    assert max(sizes) - min(sizes) <= 1


@given(clients, seeds)
def test_same_seed_gives_the_same_split_and_another_seed_another(clients, seed):
    assert split(200, clients, seed) == split(200, clients, seed)
    assert split(200, clients, seed) != split(200, clients, seed + 1)


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


@pytest.mark.parametrize(
    "words, is_so",
    [([2], True), ([3], False), ([2, "--seed", 1], False), ([2, "--scheme", "shards"], False)],
)
def test_partitions_are_those_of_the_same_settings_only(tmp_path, monkeypatch, mnist, words, is_so):
    monkeypatch.chdir(tmp_path)
    assert not are_partitioned(settings_of("--clients", *words))
    write_partitions(tmp_path, mnist, sizes=[3, 4], test_size=5)
    assert are_partitioned(settings_of("--clients", *words)) == is_so
    (tmp_path / "partitions/client_1.npz").unlink()
    assert not are_partitioned(settings_of("--clients", *words))


@pytest.mark.parametrize("content", ["", "{", "[]", '{"clients": 2}', "\xff"])
def test_partitions_with_damaged_settings_are_those_of_none(tmp_path, monkeypatch, mnist, content):
    monkeypatch.chdir(tmp_path)
    write_partitions(tmp_path, mnist, sizes=[3, 4], test_size=5)
    (tmp_path / "partitions/settings.json").write_text(content, encoding="latin-1")
    assert not are_partitioned(settings_of("--clients", 2))


def test_a_partition_is_read_as_it_was_written(tmp_path, mnist):
    save_partition(tmp_path / "client_0.npz", mnist.images[:20], mnist.labels[:20])
    images, labels = load_partition(tmp_path / "client_0.npz")
    assert (images.dtype, labels.dtype) == (np.uint8, np.int64)
    np.testing.assert_array_equal(images, mnist.images[:20])
    np.testing.assert_array_equal(labels, mnist.labels[:20])


def read(path, content):
    """Return what loading a file with this content comes to: None if it is refused, or its two arrays."""
    path.write_bytes(content)
    try:
        return load_partition(path)
    except UserError:
        return None


def test_a_partition_with_one_byte_flipped_is_refused_or_unharmed(tmp_path, mnist):
    path = tmp_path / "client_0.npz"
    save_partition(path, mnist.images[:2], mnist.labels[:2])
    sound, content = load_partition(path), path.read_bytes()
    outcomes = []
    for place, byte in enumerate(content):
        flipped = bytes([byte ^ 1 << place % 8])
        outcomes.append(read(path, content[:place] + flipped + content[place + 1 :]))
    assert outcomes.count(None) > 2 * 784  # every pixel is covered by a checksum
    for images, labels in filter(None, outcomes):
        np.testing.assert_array_equal(images, sound[0])
        np.testing.assert_array_equal(labels, sound[1])


def test_a_partition_cut_off_anywhere_is_refused(tmp_path, mnist):
    path = tmp_path / "client_0.npz"
    save_partition(path, mnist.images[:1], mnist.labels[:1])
    content = path.read_bytes()
    kept = [length for length in range(len(content)) if read(path, content[:length])]
    assert kept == []
