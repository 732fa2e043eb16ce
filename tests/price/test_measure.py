"""What is measured is not measured again, and what has changed is."""

import itertools
import math
from dataclasses import replace

import pytest

from beyond.price import measure
from beyond.price.grid import DELTAS, SCHEMES, Point, grid, searched_epsilon
from support.command_line import UserError
from support.tables import read_table

FIRST, SECOND = (Point("edges", "central", 10, "iid", 8.0, seed) for seed in (0, 1))


@pytest.fixture
def measured(monkeypatch):
    """The points that measure.py has measured, in order; what it finds is 0.5."""
    found = []

    def in_parallel(function, points):
        for point in points:
            found.append(point)
            result = {"delta": 0.01, "noise_multiplier": 1.0, "accuracy": 0.5, "seconds": 1.0}
            yield measure.begun_row(point) | result

    monkeypatch.setattr(measure, "in_parallel", in_parallel)
    monkeypatch.setattr(measure, "grid", lambda seeds: [FIRST, SECOND][:seeds])
    return found


def test_what_the_table_has_is_not_measured_again(measured, tmp_path):
    measure.main(["--output", str(tmp_path), "--seeds", "1"])
    before = (tmp_path / "price.csv").read_text(encoding="utf-8")
    measure.main(["--output", str(tmp_path)])
    assert measured == [FIRST, SECOND]
    assert (tmp_path / "price.csv").read_text(encoding="utf-8").startswith(before)
    assert (tmp_path / "price.png").stat().st_size > 10_000


def test_what_was_measured_with_other_settings_is_measured_again(measured, tmp_path):
    measure.main(["--output", str(tmp_path)])
    table = tmp_path / "price.csv"
    clip = measure.begun_row(SECOND)["clip"]
    lines = table.read_text(encoding="utf-8").splitlines()
    lines[2] = lines[2].replace(f",{clip},", ",77.0,").replace(",0.5,", ",0.25,")
    table.write_text("\n".join([*lines, ""]), encoding="utf-8")
    measure.main(["--output", str(tmp_path)])
    assert measured == [FIRST, SECOND, SECOND]
    rows = read_table(table, measure.COLUMNS)
    assert [(row["clip"], row["accuracy"]) for row in rows] == [(clip, 0.5)] * 2


def test_a_pattern_that_no_point_matches_is_refused(measured, tmp_path):
    with pytest.raises(UserError, match="no point matches"):
        measure.main(["--output", str(tmp_path), "--only", "edges, 7 clients"])


def test_every_accuracy_with_a_guarantee_stands_beside_the_same_training_without_noise():
    points = set(grid())
    for point in points:
        if point.privacy != "none":
            searched = searched_epsilon(point.clients, point.epsilon)
            assert replace(point, privacy="none", epsilon=searched) in points
    for clients, scheme in itertools.product(DELTAS, SCHEMES):
        assert Point("edges", "none", clients, scheme, math.inf, 0) in points
