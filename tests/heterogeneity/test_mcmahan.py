"""The benchmarks that put other programs in the places of server.py and client.py."""

import json
import re
import shutil
import time
from collections import deque
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from benchmarks.mcmahan import watch
from benchmarks.paper_cnn import PaperCNN
from model import get_weights
from tests.support.harness import ROOT, snapshot
from tests.support.ports import free_address
from tests.support.shared import SIZES

WEIGHTS = 1_663_370  # McMahan et al. 2017, section 3


def federate_with(stage, workspace, directory, *programs):
    """Run one round of the small federation with other programs; return its directory."""
    words = ["--clients", len(SIZES), "--rounds", 1, "--address", free_address()]
    program = [ROOT / "benchmarks/federation_with.py", *programs]
    command = stage.start(*program, *words, "--run", directory / "run", cwd=workspace)
    assert command.wait() == 0, command.output
    return directory / "run"


def test_the_papers_cnn_has_the_papers_number_of_weights():
    model = PaperCNN()
    assert sum(weights.size for weights in get_weights(model)) == WEIGHTS
    assert model(torch.zeros(2, 1, 28, 28)).shape == (2, 10)


def test_a_federation_trains_the_papers_cnn(stage, workspace, tmp_path):
    programs = ("benchmarks.paper_server", "benchmarks.paper_client")
    run = federate_with(stage, workspace, tmp_path, *programs)
    with np.load(run / "global_model.npz") as file:
        assert sum(file[name].size for name in file.files) == WEIGHTS
    assert "trained on 700 images" in (run / "logs/client_0.log").read_text()


def test_a_timed_client_says_how_long_it_trained(stage, workspace, tmp_path):
    run = federate_with(stage, workspace, tmp_path, "server", "benchmarks.timed_client")
    for client in range(len(SIZES)):
        log = (run / f"logs/client_{client}.log").read_text()
        seconds = re.search(r"^Round 1: ([0-9.]+) s of training$", log, re.MULTILINE)[1]
        assert 0 < float(seconds) < 60


def test_a_run_of_the_papers_setting_that_is_cut_short_says_so(stage, repository_copy, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(repository_copy, copy)
    shutil.copytree(ROOT / "benchmarks", copy / "benchmarks")
    kept = (copy / "benchmarks/mcmahan.json").read_bytes()
    words = ["--schemes", "iid", "--clients", 20, "--minutes", 0.001, "--address", free_address()]
    words += ["--output", tmp_path / "trial.json"]
    command = stage.start(copy / "benchmarks/mcmahan.py", *words, cwd=tmp_path)
    assert command.wait() == 0, command.output
    (found,) = json.loads((tmp_path / "trial.json").read_text())["ours"].values()
    assert 0 < found["accuracies"][0] < 0.3  # the untrained model
    assert found["clients"] == 20 and found["learning_rate"] == 0.01
    assert "not yet at 99%" in command.output and "paper: 20" in command.output
    assert (copy / "benchmarks/mcmahan.json").read_bytes() == kept


def test_a_federation_that_fails_says_why(stage, repository_copy, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(repository_copy, copy)
    shutil.copytree(ROOT / "benchmarks", copy / "benchmarks")
    words = ["--clients", 100_000, "--address", free_address(), "--output", tmp_path / "trial.json"]
    command = stage.start(copy / "benchmarks/mcmahan.py", *words, cwd=tmp_path)
    assert command.wait() == 1
    assert "100000 clients cannot share 60000 images" in command.output
    assert not (tmp_path / "trial.json").exists()


def test_a_run_is_watched_until_the_target_or_the_deadline():
    lines = [f"Round {number:>2} of 9: accuracy {90 + number}.00%, loss" for number in range(4)]
    lines.insert(1, "INFO :      [ROUND 1]")

    def watched(target, deadline):
        left = iter(lines)
        over = watch(left, SimpleNamespace(show_every=100), target, deadline, deque(maxlen=2))
        return over, len(list(left))

    hour = time.monotonic() + 3600
    assert watched(0.92, hour) == (True, 1)  # ended in round 2
    assert watched(0.99, hour) == (False, 0)  # the federation has ended by itself
    assert watched(0.99, 0.0) == (True, 4)  # at the first round's end


@pytest.mark.parametrize("content", [None, "[1]", '{"ours": 3}', "half a fi"])
def test_results_that_could_not_be_kept_are_not_worked_for(stage, tmp_path, content):
    output = tmp_path / "trial.json"
    output.mkdir() if content is None else output.write_text(content)
    before = snapshot(tmp_path)
    words = ["--output", output, "--address", free_address()]
    command = stage.start(ROOT / "benchmarks/mcmahan.py", *words, cwd=tmp_path)
    assert command.wait() == 2
    assert len(command.output.splitlines()) == 1 and "--output" in command.output
    assert snapshot(tmp_path) == before


def test_federation_with_needs_two_programs(stage, tmp_path):
    for words in ([], ["server"], ["--help"], ["server", "--rounds"]):
        command = stage.start(ROOT / "benchmarks/federation_with.py", *words, cwd=tmp_path)
        assert command.wait() == 2
        assert len(command.output.splitlines()) == 1
