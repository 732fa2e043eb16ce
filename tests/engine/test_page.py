"""Chapter 8 claims what its recordings have, and they have what was asked for."""

from support.history import read_history

import csv

import pytest

from beyond.engine.scale import Scale, read_scales
from beyond.engine.scale_picture import crossing
from tests.support.harness import ROOT

FOLDER = ROOT / "beyond/engine/recorded"
SCALES = {(one.engine, one.clients): one for one in read_scales(FOLDER / "scale.csv")}


@pytest.mark.parametrize("clients", [10, 30, 100])
def test_both_engines_have_come_to_the_same_model(clients):
    ours, theirs = SCALES["processes", clients], SCALES["simulation", clients]
    assert ours.rounds == theirs.rounds
    assert ours.model == theirs.model and ours.accuracy == theirs.accuracy


def test_a_thousand_clients_fit_on_a_desk():
    assert SCALES["simulation", 1000].peak_gigabytes <= 3
    assert SCALES["simulation", 1000].processes < SCALES["processes", 30].processes


def test_a_thousand_clients_with_enough_to_do_learn():
    accuracies = [row.accuracy for row in read_history(FOLDER / "thousand")]
    assert accuracies == sorted(accuracies)
    assert accuracies[-1] > SCALES["simulation", 1000].accuracy + 0.1
    assert all(row.clients == 1000 for row in read_history(FOLDER / "thousand")[1:])


def test_chapters_come_to_the_same_on_both_engines():
    with open(FOLDER / "chapters.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["chapter"] for row in rows} == {"heterogeneity", "privacy"}
    assert all(row["classic"] == row["engine"] and row["same_books"] == "True" for row in rows)


def test_lines_cross_where_they_do():
    def scale(engine, clients, seconds):
        return Scale(engine, clients, 3, 1, 0.0, seconds, 1.0, 1, 0.5, "")

    ours = [scale("processes", 10, 1.0), scale("processes", 1000, 3.0)]
    theirs = [scale("simulation", 10, 2.0), scale("simulation", 1000, 2.0)]
    assert crossing(ours + theirs, "seconds_a_round") == pytest.approx(100)
    assert crossing(ours + theirs, "peak_gigabytes") is None
