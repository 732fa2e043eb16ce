"""What the page claims is in the recorded runs, and its pictures show them."""

import statistics

import pytest

from beyond.communication.grid import grid
from beyond.communication.plots import draw_pictures
from beyond.heterogeneity.results import COLUMNS, SCHEMES, STRATEGIES, curves
from support.tables import read_table
from tests.heterogeneity.commands import module
from tests.support.harness import ROOT
from tests.support.pictures import assert_same_picture

FOLDER = ROOT / "beyond/heterogeneity/recorded"
WORK = ROOT / "beyond/communication/recorded"


@pytest.fixture(scope="module")
def rows():
    """The recorded comparison."""
    return read_table(FOLDER / "comparison.csv", COLUMNS)


def final(rows, **wanted):
    """Return the accuracies after the last round, one for each run."""
    return [curve[-1]["accuracy"] for curve in curves(rows, **wanted)]


def test_the_recorded_comparison_is_the_whole_grid(rows):
    names = ["part", "scheme", "method", "local_epochs", "fraction_fit", "seed"]
    declared = [
        (*(getattr(run, name) for name in names), client, number)
        for run in grid(seeds=3, rounds=10)
        for client in (map(str, range(10)) if run.method == "alone" else [""])
        for number in range(run.rounds + 1)
    ]
    recorded = [tuple(row[name] for name in [*names, "client", "round"]) for row in rows]
    assert sorted(recorded) == sorted(declared)


def test_federated_is_nearly_as_good_as_pooled_and_better_than_the_median_client_alone(rows):
    pooled = statistics.mean(final(rows, method="pooled"))
    federated = statistics.mean(final(rows, part="strategies", scheme="iid", method="FedAvg"))
    alone = statistics.median(final(rows, scheme="iid", method="alone"))
    assert abs(pooled - federated) < 0.003
    assert federated - alone > 0.01


@pytest.mark.parametrize("scheme", ["dirichlet", "shards"])
def test_skew_costs_fedavg_something_and_a_lone_client_nearly_everything(rows, scheme):
    iid = final(rows, part="strategies", scheme="iid", method="FedAvg")
    skewed = final(rows, part="strategies", scheme=scheme, method="FedAvg")
    alone = final(rows, scheme=scheme, method="alone")
    assert max(skewed) < min(iid)
    assert statistics.median(alone) < 0.5 < min(skewed)


def test_no_remedy_helps_everywhere(rows):
    def mean(scheme, method):
        return statistics.mean(final(rows, part="strategies", scheme=scheme, method=method))

    others = [strategy for strategy in STRATEGIES if strategy != "FedAvg"]
    assert all(mean("iid", other) < mean("iid", "FedAvg") for other in others)
    skewed = {"part": "strategies", "scheme": "dirichlet"}
    with_momentum, without = (final(rows, **skewed, method=name) for name in ("FedAvgM", "FedAvg"))
    assert all(mine > theirs for mine, theirs in zip(with_momentum, without, strict=True))
    assert all(mean("shards", other) < mean("shards", "FedAvg") for other in others)


def test_a_lone_client_never_knows_digits_that_it_has_not_seen(rows, mnist):
    for curve in curves(rows, method="alone"):
        digits = list(map(int, curve[0]["digits"].split()))
        ceiling = sum((mnist.test_labels == digit).mean() for digit in digits)
        assert max(row["accuracy"] for row in curve[1:]) <= ceiling + 1e-9
        assert len(digits) == 10 or curve[0]["scheme"] != "iid"


def test_the_recorded_pictures_show_the_recorded_runs(rows, tmp_path):
    names = draw_pictures(rows, tmp_path)
    assert names == ["baselines.png", "strategies.png", "work.png"]
    for name in names:
        folder = WORK if name == "work.png" else FOLDER
        assert_same_picture(folder / name, tmp_path / name)


def test_a_picture_of_other_runs_is_another_picture(rows, tmp_path):
    worse = [
        row | {"accuracy": 0.9 * row["accuracy"]} if row["method"] == "FedAvg" else row
        for row in rows
        if row["part"] == "strategies"
    ]
    assert draw_pictures(worse, tmp_path) == ["strategies.png"]
    with pytest.raises(AssertionError):
        assert_same_picture(FOLDER / "strategies.png", tmp_path / "strategies.png")


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_recorded_partitions_are_those_that_partition_makes(stage, tmp_path, scheme):
    printed = stage.run("partition.py", *SCHEMES[scheme], cwd=tmp_path)
    assert printed.stdout == (FOLDER / f"partition_{scheme}.txt").read_text(encoding="utf-8")
    drawn = stage.run(*module("plot_partitions"), "--plot", f"{scheme}.png", cwd=tmp_path)
    assert drawn.status == 0, drawn
    assert_same_picture(FOLDER / f"partition_{scheme}.png", tmp_path / f"{scheme}.png")
