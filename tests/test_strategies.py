"""The standard experiment's options do what they say, in real federations."""

import csv
import json
import re
import shutil
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from conftest import LOCAL_EPOCHS, ROUNDS, SIZES
from flwr.common import ndarrays_to_parameters
from harness import ROOT, free_address, snapshot

import support.environment  # noqa: F401
from model import CNN, evaluate, get_weights, set_weights, to_tensors
from partition import load_partition
from support.history import read_history
from support.local_data import proximal_penalty, split
from support.roll_call import RollCall
from support.strategies import OPTIONS, other_strategy


@pytest.fixture
def federate(start, workspace, tmp_path):
    """federate(*words) runs a small federation with those options and returns its directory."""

    def run(*words, status=0):
        directory = tmp_path / f"run{len(list(tmp_path.iterdir()))}"
        common = ["--clients", len(SIZES), "--rounds", ROUNDS, "--address", free_address()]
        command = start([ROOT / "federation.py", *common, "--run", directory, *words], workspace)
        assert command.wait() == status, command.output
        return directory

    return run


def weights_of(directory):
    """Return the weights of a run's global model."""
    with np.load(directory / "global_model.npz") as file:
        return [file[name] for name in file.files]


def distance_from_start(directory):
    """Return how far a run's model is from the weights that seed 0 starts with."""
    torch.manual_seed(0)
    pairs = zip(weights_of(directory), get_weights(CNN()), strict=True)
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


def sampled(seed, server_round, count=2, clients=5):
    """Return the numbers that a roll call of `clients` samples in a round."""
    present = RollCall(clients, 1, seed)
    for number in reversed(range(clients)):
        identifier = f"connection-{(7 * number + 11 * seed) % 13}"  # says nothing
        present.numbers[identifier] = number
        present.clients[identifier] = SimpleNamespace(cid=identifier)
    present.gather(server_round, first_round=server_round == 1)
    return [present.numbers[client.cid] for client in present.sample(count)]


def test_who_is_sampled_depends_on_seed_and_round_and_nothing_else():
    choices = {
        (seed, number): sampled(seed, number) for seed in range(4) for number in range(1, 51)
    }
    assert choices == {key: sampled(*key) for key in choices}
    assert all(one < other for one, other in choices.values())  # by number, nobody twice
    for seed in range(4):
        mine = [pair for (owner, _), pair in choices.items() if owner == seed]
        asked = [sum(client in pair for pair in mine) for client in range(5)]
        assert len(set(map(tuple, mine))) == 10  # all pairs of five
        assert min(asked) >= 10 and max(asked) <= 30  # 20 on average
    assert choices[0, 1] != choices[0, 2] or choices[0, 2] != choices[0, 3]
    assert [choices[0, n] for n in range(1, 51)] != [choices[1, n] for n in range(1, 51)]


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
    first = ndarrays_to_parameters(get_weights(CNN()))
    made = other_strategy(args, initial_parameters=first)
    assert type(made).__name__ == strategy
    assert {name: getattr(made, name) for name in expected} == expected


def test_clients_evaluate_on_images_that_they_do_not_train_on(federate, workspace):
    directory = federate("--client-evaluation")
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
        data = to_tensors(*load_partition(workspace / f"partitions/client_{number}.npz"))
        (_, kept), held_out = split(*data, seed=number)
        assert int(row["examples"]) == SIZES[number] // 10 == len(data[1]) - len(kept)
        assert float(row["accuracy"]) == pytest.approx(evaluate(model, *held_out)[1])


@pytest.mark.parametrize("count", [1, 2, 9, 10, 25])
def test_what_is_held_out_is_a_tenth_and_never_trained_on(count):
    labels = torch.arange(count)
    (_, kept), (_, held_out) = split(torch.zeros(count, 1, 28, 28), labels, seed=4)
    assert sorted([*kept.tolist(), *held_out.tolist()]) == list(range(count))
    assert len(kept) >= 1 and len(held_out) == (0 if count == 1 else max(1, round(count / 10)))


def test_the_settings_of_a_run_are_on_record_and_resuming_with_others_is_refused(
    federate, warm_python, workspace
):
    directory = federate("--learning-rate", 0.02, "--batch-size", 16)
    settings = json.loads((directory / "run.json").read_text())["settings"]
    assert (settings["learning_rate"], settings["batch_size"]) == (0.02, 16)
    words = ["--clients", len(SIZES), "--run", directory, "--address", free_address(), "--resume"]
    finished = warm_python.run("server.py", *words, cwd=workspace)
    assert finished.status == 2 and "--batch-size 16" in finished.stderr


def test_a_resumed_federation_does_not_deal_out_anew(federation_run, warm_python, workspace):
    before = snapshot(workspace)
    words = ["--clients", len(SIZES), "--run", federation_run.run, "--address", free_address()]
    finished = warm_python.run(
        "federation.py", *words, "--scheme", "shards", "--resume", cwd=workspace
    )
    assert finished.status == 2 and "was made with other partitions" in finished.stderr
    assert "--scheme iid" in finished.stderr and len(finished.stderr.splitlines()) == 1
    assert snapshot(workspace) == before


def test_an_option_that_the_run_did_not_have_is_refused_when_it_is_resumed(
    federation_run, warm_python, workspace
):
    words = ["--clients", len(SIZES), "--run", federation_run.run, "--address", free_address()]
    words += ["--local-epochs", LOCAL_EPOCHS, "--client-evaluation", "--resume"]
    finished = warm_python.run("server.py", *words, cwd=workspace)
    assert finished.status == 2
    assert "was made without --client-evaluation; resume it without" in finished.stderr


def test_a_strategy_with_a_memory_cannot_be_resumed(
    warm_python, workspace, federation_run, tmp_path
):
    copy = tmp_path / "copy"
    shutil.copytree(federation_run.run, copy)
    words = ["--clients", len(SIZES), "--run", copy, "--strategy", "FedAdam", "--resume"]
    finished = warm_python.run("server.py", *words, "--address", free_address(), cwd=workspace)
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
def test_an_option_that_the_strategy_does_not_take_is_refused(
    warm_python, tmp_path, command, words
):
    finished = warm_python.run(command, *words, "--address", free_address(), cwd=tmp_path)
    assert finished.status == 2
    assert "takes no --" in finished.stderr and len(finished.stderr.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []
