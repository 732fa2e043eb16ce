"""The paper's own setting: its network, and how many rounds a federation needs with it."""

import json
import sys
import time
from collections import deque
from types import SimpleNamespace

import numpy as np
import pytest
import torch

import federation
from beyond.communication import paper
from beyond.communication.paper import watch
from beyond.communication.paper_cnn import PaperCNN
from beyond.heterogeneity.client_accuracy import read_client_accuracies
from beyond.heterogeneity.options import heterogeneity_options
from model import get_weights
from support.command_line import RunError
from tests.heterogeneity.commands import module, refused
from tests.support.ports import free_address, idle_address
from tests.support.shared import SIZES, run_at_once

WEIGHTS = 1_663_370  # McMahan et al. 2017, section 3


def test_the_papers_cnn_has_the_papers_number_of_weights():
    model = PaperCNN()
    assert sum(weights.size for weights in get_weights(model)) == WEIGHTS
    assert model(torch.zeros(2, 1, 28, 28)).shape == (2, 10)


@pytest.mark.thorough
def test_a_federation_trains_the_papers_cnn_with_the_chapters_options(stage, workspace, tmp_path):
    words = [tmp_path / "run", "--client-evaluation", "--rounds", 1]
    finished = run_at_once(stage, workspace, *words, program=module("paper_cnn"))
    assert finished.status == 0, finished.output
    with np.load(finished.run / "global_model.npz") as file:
        assert sum(file[name].size for name in file.files) == WEIGHTS
    log = (finished.run / "logs/client_0.log").read_text(encoding="utf-8")
    assert "trained on 630 images" in log
    assert len(read_client_accuracies(finished.run)) == len(SIZES)


def test_a_run_of_the_papers_setting_that_is_cut_short_says_so(start_warm, tmp_path):
    kept = paper.RESULTS.read_bytes()
    words = ["--schemes", "iid", "--clients", 2, "--minutes", 0.001, "--output", "trial.json"]
    command = start_warm([*module("paper"), "--address", free_address(), *words], tmp_path)
    command.finish()
    (found,) = json.loads((tmp_path / "trial.json").read_text(encoding="utf-8"))["ours"].values()
    assert 0 < found["accuracies"][0] < 0.3  # the untrained model
    assert found["clients"] == 2 and found["learning_rate"] == 0.01
    assert "not yet at 99%" in command.output and "paper: 20" in command.output
    assert paper.RESULTS.read_bytes() == kept


def test_a_federation_that_fails_says_why(tmp_path):
    words = [sys.executable, "-c", "raise SystemExit('no room left')"]
    args = SimpleNamespace(minutes=60, show_every=10)
    with pytest.raises(RunError, match="the federation failed: no room left"):
        paper.federate(words, tmp_path, args, target=0.99)


def test_a_run_is_watched_until_the_target_or_the_deadline():
    lines = [f"Round {number:>2} of 9: accuracy {90 + number}.00%, loss" for number in range(4)]
    lines.insert(1, "INFO :      [ROUND 1]")

    def watched(target, deadline):
        left = iter(lines)
        over = watch(left, SimpleNamespace(show_every=100), target, deadline, deque(maxlen=2))
        return over, len(list(left))

    hour = time.monotonic() + 3600
    assert watched(0.92, hour) == (True, 1)  # ended in round 2
    assert watched(0.99, hour) == (False, 0)  # the federation ended by itself
    assert watched(0.99, 0.0) == (True, 4)  # at the first round's end


def test_a_federation_has_the_papers_settings(tmp_path):
    args = paper.parse(["--seed", "7", "--clients", "50", "--output", str(tmp_path / "x.json")])
    program, *words = paper.command(args, "shards", 0.03, 9)[2:]
    assert program == "beyond.heterogeneity.federation"
    words = [idle_address() if word == args.address else word for word in words]
    told = federation.parse(words, [heterogeneity_options()])
    # McMahan et al. 2017, Table 2: C = 0.1, E = 5, B = 10.
    assert (told.fraction_fit, told.local_epochs, told.batch_size) == (0.1, 5, 10)
    assert (told.seed, told.clients, told.scheme) == (7, 50, "shards")
    assert (told.learning_rate, told.rounds) == (0.03, 9)
    assert (told.patience, told.round_timeout) == (600, 600)


def test_a_result_stands_beside_earlier_ones(tmp_path, capsys):
    args = SimpleNamespace(output=tmp_path / "trial.json", model="ours")
    paper.keep(args, "iid", 1)
    paper.keep(args, "shards", 2)
    paper.keep(SimpleNamespace(output=args.output, model="paper"), "iid", 3)
    paper.keep(args, "iid", 4)
    assert paper.results_in(args.output) == {"ours": {"iid": 4, "shards": 2}, "paper": {"iid": 3}}
    paper.report("ours", "iid", [0.1, 0.985, 0.995])
    expected = "ours, iid: 1.5 rounds to 99% (paper's CNN in the paper: 20); 2 rounds"
    assert expected in capsys.readouterr().out


def test_the_rate_that_gets_farthest_is_taken(monkeypatch, tmp_path):
    best = {0.003: 0.5, 0.01: 0.8, 0.03: 0.6}
    curves = {rate: [0.1] * 9 + [accuracy, accuracy - 0.1] for rate, accuracy in best.items()}
    monkeypatch.setattr(paper, "accuracies_of", lambda args, scheme, rate, rounds: curves[rate])
    args = SimpleNamespace(tune=list(best), output=tmp_path / "x", model="ours", minutes=1)
    assert paper.tune(args) == 0.01
    curves[0.03].pop()
    with pytest.raises(RunError, match="10 rounds take longer than --minutes 1"):
        paper.tune(args)


@pytest.mark.parametrize("content", [None, "[1]", '{"ours": 3}', "half a fi"])
def test_results_that_could_not_be_kept_are_not_worked_for(stage, tmp_path, content):
    output = tmp_path / "trial.json"
    output.mkdir() if content is None else output.write_text(content, encoding="utf-8")
    words = ["--output", output, "--address", free_address()]
    assert "--output" in refused(stage, tmp_path, "paper", *words)
