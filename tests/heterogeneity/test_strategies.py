"""The standard experiment's options do what they say, in real federations."""

import csv
import re
import shutil
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from flwr.common import ndarrays_to_parameters

from model import CNN, evaluate, get_weights, set_weights, to_tensors
from support.history import read_history
from support.local_data import proximal_penalty, split
from support.strategies import OPTIONS, other_strategy
from tests.support.lesson import images_of, untrained
from tests.support.ports import free_address
from tests.support.shared import LOCAL_EPOCHS, ROUNDS, SIZES, run_at_once


def weights_of(directory):
    """Return the weights of a run's global model."""
    with np.load(directory / "global_model.npz") as file:
        return [file[name] for name in file.files]


def distance_from_start(directory):
    """Return how far a run's model is from the weights that seed 0 starts with."""
    pairs = zip(weights_of(directory), untrained(), strict=True)
    return np.sqrt(sum(np.sum((now - then) ** 2) for now, then in pairs))


@pytest.mark.parametrize("strategy", ["FedAvgM", "FedAdam", "FedYogi"])
def test_every_strategy_learns_and_rejects_no_honest_client(federate, strategy):
    history = read_history(federate("--strategy", strategy, "--local-epochs", 2))
    assert [row.clients for row in history] == [0] + [len(SIZES)] * ROUNDS
    assert [row.failures for row in history] == [0] * (ROUNDS + 1)
    assert history[-1].loss < history[0].loss


def test_fedprox_holds_clients_back(federate):
    far = distance_from_start(federate())
    near = distance_from_start(federate("--strategy", "FedProx", "--proximal-mu", 5))
    assert near < 0.8 * far


def test_the_proximal_penalty_is_half_mu_times_the_squared_distance():
    torch.manual_seed(1)
    model = CNN()
    penalty = proximal_penalty(model, 0.3)
    assert penalty().item() == 0
    set_weights(model, [array + 0.01 for array in get_weights(model)])
    count = sum(array.size for array in get_weights(model))
    assert penalty().item() == pytest.approx(0.3 / 2 * count * 0.01**2, rel=1e-3)
    assert proximal_penalty(model, None) is None


def test_a_fraction_of_the_clients_is_asked_and_the_seed_says_which(federate):
    one, two = (federate("--fraction-fit", 0.4) for _ in range(2))
    assert [row.clients for row in read_history(one)] == [0] + [1] * ROUNDS
    assert (one / "global_model.npz").read_bytes() == (two / "global_model.npz").read_bytes()


@pytest.mark.parametrize(
    ("strategy", "given", "expected"),
    [
        ("FedAvgM", {}, {"server_learning_rate": 1.0, "server_momentum": 0.9}),
        ("FedAvgM", {"server_momentum": 0.0}, {"server_momentum": 0.0}),
        ("FedAvgM", {"server_learning_rate": 0.3}, {"server_learning_rate": 0.3}),
        ("FedProx", {"proximal_mu": 0.7}, {"proximal_mu": 0.7}),
        ("FedAdam", {}, {"eta": 0.01, "beta_1": 0.9, "beta_2": 0.99, "tau": 1e-3}),
        ("FedYogi", {"server_learning_rate": 0.3, "beta_1": 0.5}, {"eta": 0.3, "beta_1": 0.5}),
        ("FedYogi", {"beta_2": 0.4, "tau": 0.2}, {"beta_1": 0.9, "beta_2": 0.4, "tau": 0.2}),
    ],
)
def test_options_reach_flowers_strategy(strategy, given, expected):
    args = SimpleNamespace(strategy=strategy, **(dict.fromkeys(OPTIONS) | given))
    made = other_strategy(args, initial_parameters=ndarrays_to_parameters(untrained()))
    assert type(made).__name__ == strategy
    assert {name: getattr(made, name) for name in expected} == expected


def test_clients_evaluate_on_images_that_they_do_not_train_on(stage, workspace, tmp_path):
    finished = run_at_once(stage, workspace, tmp_path / "run", "--client-evaluation")
    assert finished.status == 0, finished.output
    directory = finished.run
    with open(directory / "client_accuracy.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(int(row["round"]), int(row["client"])) for row in rows] == [
        (number, client) for number in range(1, ROUNDS + 1) for client in range(len(SIZES))
    ]
    model = CNN()
    set_weights(model, weights_of(directory))
    for row in rows[-len(SIZES) :]:
        number = int(row["client"])
        log = (directory / f"logs/client_{number}.log").read_text()
        trained_on = re.findall(r"^Round \d+: trained on (\d+) images", log, re.MULTILINE)
        assert trained_on == [str(SIZES[number] - SIZES[number] // 10)] * ROUNDS
        data = to_tensors(*images_of(workspace, number))
        (_, kept), held_out = split(*data, seed=number)
        assert int(row["examples"]) == SIZES[number] // 10 == len(data[1]) - len(kept)
        assert float(row["accuracy"]) == pytest.approx(evaluate(model, *held_out)[1])


@pytest.mark.parametrize("count", [1, 2, 9, 10, 25])
def test_what_is_held_out_is_a_tenth_and_never_trained_on(count):
    labels = torch.arange(count)
    (_, kept), (_, held_out) = split(torch.zeros(count, 1, 28, 28), labels, seed=4)
    assert sorted([*kept.tolist(), *held_out.tolist()]) == list(range(count))
    assert len(kept) >= 1 and len(held_out) == (0 if count == 1 else max(1, round(count / 10)))


def test_an_option_that_the_run_did_not_have_is_refused_when_it_is_resumed(
    federation_run, stage, workspace
):
    words = ["--clients", len(SIZES), "--run", federation_run.run, "--address", free_address()]
    words += ["--local-epochs", LOCAL_EPOCHS, "--client-evaluation", "--resume"]
    finished = stage.run("server.py", *words, cwd=workspace)
    assert finished.status == 2
    assert "was made without --client-evaluation; resume it without" in finished.stderr


def test_a_strategy_with_a_memory_cannot_be_resumed(stage, workspace, federation_run, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(federation_run.run, copy)
    words = ["--clients", len(SIZES), "--run", copy, "--strategy", "FedAdam", "--resume"]
    finished = stage.run("server.py", *words, "--address", free_address(), cwd=workspace)
    assert finished.status == 2 and "FedAdam remembers earlier rounds" in finished.stderr


@pytest.mark.parametrize(
    "words",
    [
        ["--proximal-mu", 1],
        ["--strategy", "FedProx", "--tau", 0.1],
        ["--strategy", "FedAdam", "--server-momentum", 0.5],
        ["--strategy", "FedAvgM", "--beta-1", 0.5],
    ],
)
@pytest.mark.parametrize("command", ["server.py", "federation.py"])
def test_an_option_that_the_strategy_does_not_take_is_refused(stage, tmp_path, command, words):
    finished = stage.run(command, *words, "--address", free_address(), cwd=tmp_path)
    assert finished.status == 2
    assert "takes no --" in finished.stderr and len(finished.stderr.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []
