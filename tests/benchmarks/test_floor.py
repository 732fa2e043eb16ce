"""The floor that a federation is measured against does the federation's work."""

import pytest

from support.tables import read_history
from tests.support.small import write_partitions

SIZES, TEST_SIZE = (1000, 60, 20), 500  # images; a plain mean of three would be another model


@pytest.mark.thorough
def test_the_floor_comes_to_the_accuracies_of_the_federation(federation, stage, mnist, tmp_path):
    place = tmp_path / "unequal"
    write_partitions(place, mnist, SIZES, TEST_SIZE, seed=3)
    federation.directory, federation.run = place, place / "results/run"
    server = federation.server("--seed", 3, rounds=3)
    federation.everybody()
    words = ["--clients", 3, "--rounds", 3, "--seed", 3]
    assert server.wait() == 0, server
    floor = stage.run("-m", "benchmarks.floor", *words, cwd=place, cold=True)
    assert floor.status == 0, floor
    accuracies = [float(word.rstrip("%")) for word in floor.stdout.split()]
    expected = [100 * row.accuracy for row in read_history(federation.run)]
    assert accuracies == pytest.approx(expected, abs=0.41)  # two images: the last bits may differ
    assert max(expected) > min(expected) + 30
