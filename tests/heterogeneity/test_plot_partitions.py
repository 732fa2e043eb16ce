"""The picture of who has which digits."""

import numpy as np
import pytest

from beyond.heterogeneity.plot_partitions import draw_partitions
from tests.heterogeneity.commands import module, refused
from tests.support.small import save_partition, write_partitions


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
    assert list(tmp_path.iterdir()) == []
    write_partitions(tmp_path, mnist, sizes=[5, 6], test_size=7)
    for words in ([], ["--plot", "new/who.png"]):
        picture = words[-1] if words else "results/partitions.png"
        finished = stage.run(*module("plot_partitions"), *words, cwd=tmp_path)
        assert (finished.status, finished.stdout) == (0, f"Wrote {picture}\n")
        assert (tmp_path / picture).read_bytes().startswith(b"\x89PNG")


def test_partitions_of_ones_own_are_not_taken_for_those_that_were_dealt_out(stage, tmp_path, mnist):
    (tmp_path / "partitions").mkdir()
    for name in ("client_0", "test"):
        path = tmp_path / f"partitions/{name}.npz"
        save_partition(path, mnist.images[:5], mnist.labels[:5])
    assert "partition.py" in refused(stage, tmp_path, "plot_partitions")
