"""The command compare makes the runs it declares, once, and its CSV says what their records say."""

import csv
import itertools
import json
import re
import signal
import sys
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from beyond.communication import compare as compare_module
from beyond.communication.compare import check_that_all_took_part, make_run, options_of
from beyond.communication.grid import WORK, Run, grid
from beyond.communication.plots import draw_pictures
from beyond.heterogeneity.results import COLUMNS, SCHEMES, STRATEGIES, collect, curves, rounds_to
from support.command_line import RunError, UserError
from support.tables import read_table, write_table
from tests.heterogeneity.commands import module
from tests.support.harness import processes_in, snapshot, wait_until
from tests.support.ports import free_address, idle_address
from tests.support.small import HEADER, PNG, write_history

SMALL = ["--seeds", 1, "--rounds", 1, "--clients", 5]
LONG = 240  # seconds that a test with all of MNIST may take on a busy machine
FEW = ["--only", "work/*/E1_C0.2/*"]  # a fifth of the clients in each of two rounds


def lines_of(path):
    """Return the lines of a CSV file, read by Python's own reader."""
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def json_in(path):
    """Return what a JSON file holds."""
    return json.loads(path.read_text(encoding="utf-8"))


def compare(start_warm, directory, *words, status=0):
    """Run the comparison in `directory` and return what it prints."""
    words = [*SMALL, "--address", free_address(), *words]
    command = start_warm([*module("compare"), *words], directory)
    assert command.wait(LONG / 2) == status, command.output
    return command.output


def by_hand(directory, accuracies, finished_with=()):
    """Write the record of a run, which is finished if it was `finished_with` words."""
    write_history(directory, accuracies)
    run = json.dumps({"settings": {"digits": [2, 7]}})
    (directory / "run.json").write_text(run, encoding="utf-8")
    if finished_with:
        (directory / "finished.json").write_text(json.dumps(finished_with), encoding="utf-8")


@pytest.mark.timeout(LONG)
def test_a_run_is_made_beside_a_finished_one_and_the_table_says_what_their_records_say(
    start_warm, tmp_path
):
    results = tmp_path / "results/comparison"
    iid, shards = (Run("work", scheme, "FedAvg", 0, 2, 1, 0.2) for scheme in ("iid", "shards"))
    finished_with = [*iid.partition_words(5), *iid.training_words()]
    by_hand(results / iid.name, (0.1, 0.4, 0.8), finished_with)
    tests = [f"{number},{client},10,0.{client}5\n" for number in (1, 2) for client in (3, 4)]
    table = "".join(["round,client,examples,accuracy\n", *tests])
    (results / iid.name / "client_accuracy.csv").write_text(table, encoding="utf-8")
    before = snapshot(results / iid.name)

    output = compare(start_warm, tmp_path, *FEW)
    assert "2 runs, 1 of them finished" in output
    assert snapshot(results / iid.name) == before
    assert not (tmp_path / "partitions").exists()  # the lesson's stay as they were
    settings = json_in(results / "partitions/settings.json")
    assert (settings["scheme"], settings["clients"]) == ("shards", 5)

    lines = lines_of(results / "comparison.csv")
    for run in (iid, shards):
        history = lines_of(results / run.name / "history.csv")
        mine = [line for line in lines if line["scheme"] == run.scheme]
        assert [line["accuracy"] for line in mine] == [row["accuracy"] for row in history]
        moved = np.cumsum([int(row["bytes_sent"]) + int(row["bytes_received"]) for row in history])
        assert [int(line["bytes"]) for line in mine] == moved.tolist()
        assert [float(line["passes"]) for line in mine] == pytest.approx([0, 0.2, 0.4])
        tested = lines_of(results / run.name / "client_accuracy.csv")
        own = [float(row["accuracy"]) for row in tested if row["round"] == "2"]
        assert float(mine[-1]["client_worst"]) == pytest.approx(min(own), abs=1e-6)
        assert float(mine[-1]["client_mean"]) == pytest.approx(np.mean(own), abs=1e-6)
    assert len(own) == 5 and [row["clients"] for row in history] == ["0", "1", "1"]
    assert json_in(results / shards.name / "run.json")["settings"]["client_evaluation"]
    assert json_in(results / shards.name / "finished.json")[-1] == "--client-evaluation"
    assert (results / "work.png").read_bytes().startswith(PNG)
    assert "Wrote results/comparison/work.png" in output


def test_the_results_of_another_grid_are_not_replaced(start_warm, tmp_path):
    by_hand(tmp_path / "results/comparison/work/iid/E1_C0.2/seed_0", [0.1], ["--rounds", "7"])
    before = snapshot(tmp_path)
    output = compare(start_warm, tmp_path, *FEW, status=2)
    assert len(output.splitlines()) == 1 and "--output" in output
    assert snapshot(tmp_path) == before


@pytest.mark.timeout(LONG)
def test_stopped_it_leaves_no_process_and_begins_the_same_run_again(start_warm, tmp_path):
    words = [*module("compare"), *SMALL, "--clients", 2, "--address", free_address()]
    words += ["--only", "baselines/iid/alone/*"]
    command = start_warm(words, tmp_path)
    record = tmp_path / "results/comparison/baselines/iid/alone/seed_0/client_1/history.csv"
    command.wait_until(record.exists, "a lone client trains")
    command.send_to_group(signal.SIGINT)
    assert command.wait() == 130
    wait_until(lambda: not processes_in(tmp_path), "no process is left")
    assert not list(tmp_path.rglob("finished.json"))
    again = start_warm(words, tmp_path)
    again.wait_for("^1 runs, 0 of them finished")
    again.wait_until(record.exists, "it trains again")
    again.send_to_group(signal.SIGINT)
    assert again.wait() == 130


def test_the_record_of_a_lone_client_that_is_damaged_is_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run = Run("baselines", "iid", "alone", 0, rounds=1)
    record = Path(run.name, "client_0/run.json")
    record.parent.mkdir(parents=True)
    for content in ("{", '{"settings": {}}', "[]"):
        record.write_text(content, encoding="utf-8")
        with pytest.raises(UserError, match="seed_0/client_0/run.json is damaged"):
            collect([run])


def test_sigterm_ends_it_all_and_a_run_that_fails_is_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run, args = Run("work", "iid", "FedAvg", 0, rounds=1), SimpleNamespace(output="out", clients=2)
    failed = RunError, "seed_0 failed; see"
    for status, (kind, what) in {143: (SystemExit, "143"), 1: failed, 2: failed}.items():
        monkeypatch.setattr(compare_module, "train", lambda *words, s=status: sys.exit(s))
        with pytest.raises(kind, match=what):
            make_run(None, run, args)
        assert not Path(run.name, "finished.json").exists()


def test_no_client_is_given_up_on_a_busy_machine(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    args = SimpleNamespace(clients=5, address=idle_address())
    options = options_of(Run("work", "iid", "FedAvg", 3, 2, 5, 0.2), args)
    assert (options.patience, options.round_timeout) == (600, 600)
    about = (options.clients, options.seed, options.local_epochs, options.fraction_fit)
    assert about == (5, 3, 5, 0.2)


def test_a_run_without_all_clients_does_not_count(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run = Run("work", "iid", "FedAvg", 0, rounds=1, fraction_fit=0.2)
    Path(run.name).mkdir(parents=True)
    for clients, failures, sound in [(2, 0, True), (1, 1, False), (1, 0, False), (2, 1, False)]:
        rows = "0,2.3,0.1,0.1,0,0,0,0", f"1,1.5,0.5,0.1,{clients},{failures},10,20"
        Path(run.name, "history.csv").write_text("\n".join([HEADER, *rows]), encoding="utf-8")
        with nullcontext() if sound else pytest.raises(RunError, match="of 2 clients"):
            check_that_all_took_part(run, SimpleNamespace(clients=10))


def test_the_grid_is_every_strategy_on_every_scheme_with_every_seed():
    runs = grid(seeds=3, rounds=10)
    assert len({run.name for run in runs}) == len(runs)
    strategies = {(run.scheme, run.method, run.seed) for run in runs if run.part == "strategies"}
    assert strategies == set(itertools.product(SCHEMES, STRATEGIES, range(3)))
    assert {run.rounds for run in runs if run.part != "work"} == {10}
    alone = [(run.scheme, run.seed) for run in runs if run.method == "alone"]
    assert sorted(alone) == sorted(itertools.product(SCHEMES, range(3)))
    work = [(run.local_epochs, run.fraction_fit) for run in runs if run.name.startswith("work/iid")]
    assert sorted(work) == sorted(list(WORK) * 3)


def test_every_run_has_a_name_and_a_command_of_its_own():
    run = Run("work", "dirichlet", "FedAvg", seed=2, rounds=8, local_epochs=5, fraction_fit=0.2)
    assert run.name == "work/dirichlet/E5_C0.2/seed_2"
    assert run.passes == pytest.approx(8)
    line = " ".join([*run.partition_words(10), *run.training_words()])
    for option in ("--seed 2", "--scheme dirichlet", "--alpha 0.1", "--local-epochs 5"):
        assert option in line
    assert re.search("--fraction-fit 0.2 .*--strategy FedAvg", line)


@pytest.fixture
def recorded(tmp_path, monkeypatch):
    """Hand-written records of two lone clients and two seeds of a strategy, and their Runs."""
    monkeypatch.chdir(tmp_path)
    runs = [
        Run("baselines", "shards", "alone", 0, 2),
        *(Run("strategies", "shards", "FedAvg", seed, 2) for seed in (0, 1)),
        Run("baselines", "iid", "pooled", 0, 2),
    ]
    records = {f"{runs[0].name}/client_2": 0.2, f"{runs[0].name}/client_10": 0.1}
    records |= {run.name: 0.5 + run.seed / 10 for run in runs[1:]}
    for name, accuracy in records.items():
        by_hand(tmp_path / name, (0.1, accuracy / 2, accuracy))
    return runs


def test_lone_clients_have_lines_of_their_own(recorded):
    alone = curves(collect(recorded), method="alone")
    assert [curve[0]["client"] for curve in alone] == ["2", "10"]
    assert [curve[-1]["accuracy"] for curve in alone] == [0.2, 0.1]
    assert {row["digits"] for curve in alone for row in curve} == {"2 7"}


def test_what_is_written_is_what_is_read(recorded, tmp_path):
    rows = collect(recorded)
    write_table(tmp_path / "comparison.csv", COLUMNS, rows)
    assert read_table(tmp_path / "comparison.csv", COLUMNS) == rows
    assert list(rows[0]) == list(COLUMNS)


def test_the_pictures_that_have_runs_are_drawn(recorded, tmp_path):
    assert draw_pictures(collect(recorded), tmp_path) == ["baselines.png", "strategies.png"]
    assert (tmp_path / "baselines.png").read_bytes().startswith(PNG)


def test_rounds_to_a_target_are_read_off_the_best_curve_so_far_by_a_straight_line():
    assert rounds_to(0.7, [0.1, 0.5, 0.9]) == pytest.approx(1.5)
    assert rounds_to(0.9, [0.1, 0.5, 0.9]) == pytest.approx(2)
    assert rounds_to(0.7, [0.1, 0.6, 0.5, 0.8]) == pytest.approx(2.5)  # from 0.6, not 0.5
    assert rounds_to(0.1, [0.1, 0.5]) == 0
    assert rounds_to(0.7, [0.1, 0.5, 0.6]) is None
