"""What a partition file may hold, and when partitions are those that one wants."""

import numpy as np
import pytest

from support.command_line import UserError
from support.partitions import are_partitioned, load_partition
from tests.support.bad_values import flipped
from tests.support.lesson import settings_of
from tests.support.small import save_partition, write_partitions


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
    bits = [8 * place + place % 8 for place in range(len(content))]
    outcomes = [read(path, flipped(content, bit)) for bit in bits]
    assert outcomes.count(None) > 2 * 784  # every pixel is covered by a checksum
    for images, labels in filter(None, outcomes):
        np.testing.assert_array_equal(images, sound[0])
        np.testing.assert_array_equal(labels, sound[1])


def test_a_partition_cut_off_anywhere_is_refused(tmp_path, mnist):
    path = tmp_path / "client_0.npz"
    save_partition(path, mnist.images[:1], mnist.labels[:1])
    content = path.read_bytes()
    assert not any(read(path, content[:length]) for length in range(len(content)))
