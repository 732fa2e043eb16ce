"""The picture of several seeds of one run."""

from support.history import read_histories

import plot_accuracy
from tests.support.small import write_history


def test_a_directory_of_runs_is_a_median_in_a_band_from_the_lowest_to_the_highest(tmp_path):
    for seed, accuracies in enumerate([(0.1, 0.5, 0.9), (0.1, 0.8, 0.7), (0.2, 0.6)]):
        write_history(tmp_path / f"fedavg/seed_{seed}", accuracies)
    figure = plot_accuracy.draw({"fedavg": read_histories(tmp_path / "fedavg")})
    (axes,) = figure.axes
    (line,) = axes.get_lines()
    assert list(line.get_xdata()) == [0, 1]  # as far as the shortest goes
    assert list(line.get_ydata()) == [10, 60]
    (band,) = axes.collections
    corners = {tuple(corner) for corner in band.get_paths()[0].vertices}
    assert corners == {(0, 10), (0, 20), (1, 50), (1, 80)}
