"""How the images are dealt out, and what a partition file may hold."""

from support.command_line import UserError
from support.partitions import are_partitioned, load_partition

import json

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
def test_shares_are_disjoint_and_complete(count, clients, seed):
    shares = split(count, clients, seed)
    assert len(shares) == clients
    assert sorted(sum(shares, [])) == list(range(count))


@given(st.integers(50, 400), clients, seeds)
def test_shares_are_as_equal_as_can_be(count, clients, seed):
    sizes = [len(share) for share in split(count, clients, seed)]
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


def test_are_partitioned_is_true_for_the_same_settings_only(tmp_path, monkeypatch, mnist):
    monkeypatch.chdir(tmp_path)
    assert not are_partitioned(settings_of("--clients", 2))
    write_partitions(tmp_path, mnist, sizes=[3, 4], test_size=5)
    assert are_partitioned(settings_of("--clients", 2))
    assert not are_partitioned(settings_of("--clients", 3))
    assert not are_partitioned(settings_of("--clients", 2, "--seed", 1))


@pytest.mark.parametrize("content", ["", "{", "[]", '{"clients": 2}', "\xff"])
def test_are_partitioned_is_false_for_damaged_settings(tmp_path, monkeypatch, content):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "partitions").mkdir()
    (tmp_path / "partitions/settings.json").write_text(content, encoding="latin-1")
    assert not are_partitioned(settings_of("--clients", 2))


def test_partitions_with_a_file_missing_are_not_partitioned(tmp_path, monkeypatch, mnist):
    monkeypatch.chdir(tmp_path)
    write_partitions(tmp_path, mnist, sizes=[3, 4], test_size=5)
    (tmp_path / "partitions/client_1.npz").unlink()
    assert json.loads((tmp_path / "partitions/settings.json").read_text()) == settings_of(
        "--clients", 2
    )
    assert not are_partitioned(settings_of("--clients", 2))


def test_a_partition_is_read_as_it_was_written(tmp_path, mnist):
    save_partition(tmp_path / "client_0.npz", mnist.images[:20], mnist.labels[:20])
    images, labels = load_partition(tmp_path / "client_0.npz")
    assert (images.dtype, labels.dtype) == (np.uint8, np.int64)
    np.testing.assert_array_equal(images, mnist.images[:20])
    np.testing.assert_array_equal(labels, mnist.labels[:20])


def read(path):
    """Return what loading a damaged file comes to: 'refused' or its two arrays."""
    try:
        return load_partition(path)
    except UserError:
        return "refused"


def test_a_partition_with_one_byte_flipped_is_refused_or_unharmed(tmp_path, mnist):
    path = tmp_path / "client_0.npz"
    save_partition(path, mnist.images[:2], mnist.labels[:2])
    sound, content = load_partition(path), path.read_bytes()
    outcomes = []
    for place in range(len(content)):
        path.write_bytes(
            content[:place] + bytes([content[place] ^ 1 << place % 8]) + content[place + 1 :]
        )
        outcomes.append(read(path))
    unharmed = [outcome for outcome in outcomes if outcome != "refused"]
    assert len(outcomes) - len(unharmed) > 2 * 784  # every pixel is covered by a checksum
    for images, labels in unharmed:
        np.testing.assert_array_equal(images, sound[0])
        np.testing.assert_array_equal(labels, sound[1])


def test_a_partition_cut_off_anywhere_is_refused(tmp_path, mnist):
    path = tmp_path / "client_0.npz"
    save_partition(path, mnist.images[:1], mnist.labels[:1])
    content = path.read_bytes()
    for length in range(len(content)):
        path.write_bytes(content[:length])
        assert read(path) == "refused", f"cut off after {length} bytes"
