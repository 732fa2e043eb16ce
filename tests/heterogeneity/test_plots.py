"""The pictures of which client owns which digits, and of several seeds of one run."""

import numpy as np
import pytest

from beyond.heterogeneity.plot_partitions import draw_partitions
from beyond.heterogeneity.plot_runs import draw, read_histories
from tests.heterogeneity.commands import module, refused
from tests.support.small import PNG, save_partition, write_history, write_partitions


def test_every_client_that_owns_a_digit_has_a_dot_whose_area_is_its_images():
    counts = np.zeros((3, 10), int)
    counts[0, 4], counts[2, 9] = 100, 50
    (axes,) = draw_partitions(counts, "shards").axes
    (dots,) = axes.collections
    assert dots.get_offsets().tolist() == [[4, 0], [9, 2]]
    large, small = dots.get_sizes()
    assert large == pytest.approx(2 * small)
    assert axes.get_title().endswith("shards")
    assert axes.yaxis_inverted()  # client 0 is at the top


def test_without_partitions_it_says_what_to_do_and_that_helps(stage, tmp_path, mnist):
    line = refused(stage, tmp_path, "plot_partitions")
    assert line.endswith("run python partition.py first")
    write_partitions(tmp_path, mnist, sizes=[5, 6], test_size=7)
    for picture, *words in (["results/partitions.png"], ["new/who.png", "--plot", "new/who.png"]):
        finished = stage.run(*module("plot_partitions"), *words, cwd=tmp_path)
        assert (finished.status, finished.stdout) == (0, f"Wrote {picture}\n")
        assert (tmp_path / picture).read_bytes().startswith(PNG)


def test_partitions_of_ones_own_are_not_taken_for_those_that_were_dealt_out(stage, tmp_path, mnist):
    (tmp_path / "partitions").mkdir()
    for name in ("client_0", "test"):
        save_partition(tmp_path / f"partitions/{name}.npz", mnist.images[:5], mnist.labels[:5])
    assert "partition.py" in refused(stage, tmp_path, "plot_partitions")


@pytest.fixture
def runs(tmp_path):
    """A directory with three runs of FedAvg and one of FedProx, which is in a directory of its own."""
    for seed, accuracies in enumerate([(0.1, 0.5, 0.9), (0.1, 0.8, 0.7), (0.2, 0.6)]):
        write_history(tmp_path / f"fedavg/seed_{seed}", accuracies)
    write_history(tmp_path / "fedprox", (0.3, 0.4))
    return tmp_path


def test_a_directory_of_runs_is_a_median_in_a_band_from_the_lowest_to_the_highest(runs):
    (axes,) = draw({"fedavg": read_histories(runs / "fedavg")}).axes
    (line,) = axes.get_lines()
    assert line.get_xydata().tolist() == [[0, 10], [1, 60]]  # as far as the shortest goes
    (band,) = axes.collections
    corners = {tuple(corner) for corner in band.get_paths()[0].vertices}
    assert corners == {(0, 10), (0, 20), (1, 50), (1, 80)}


def test_every_directory_is_a_curve_and_a_single_run_has_no_band(runs):
    names = ["fedavg", "fedprox"]
    (axes,) = draw({name: read_histories(runs / name) for name in names}, lowest=20).axes
    assert len(axes.get_lines()) == 2 and len(axes.collections) == 1
    labels = [text.get_text() for text in axes.get_legend().get_texts()]
    assert labels == ["fedavg: 60.00 %", "fedprox: 40.00 %"]
    assert axes.get_ylim()[0] == 20


def test_the_command_reads_several_runs_and_draws_them(stage, runs):
    words = [*module("plot_runs"), "fedavg", "fedprox", "--output", "bands.png"]
    finished = stage.run(*words, cwd=runs)
    assert (finished.status, finished.stdout) == (0, "Wrote bands.png\n")
    assert (runs / "bands.png").read_bytes().startswith(PNG)


def test_a_directory_without_a_run_is_named(stage, runs):
    (runs / "nothing").mkdir()
    line = refused(stage, runs, "plot_runs", "fedavg", "nothing", "--output", "bands.png")
    assert "there is no run in nothing" in line
