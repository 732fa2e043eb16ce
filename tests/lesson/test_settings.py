"""What a run was made with has its effect, is on record, and the run goes on with nothing else."""

import json

import numpy as np
import pytest

from model import CNN, get_weights, set_weights, train
from tests.support.harness import snapshot
from tests.support.lesson import owner, untrained
from tests.support.ports import free_address
from tests.support.shared import CLIENTS, ROUNDS, SIZES


def model_by_hand(workspace, epochs, learning_rate, batch_size, seed):
    """Return the global weights as a plain loop makes them that trains with just these numbers."""
    weights, model = untrained(seed), CNN()
    for server_round in range(1, ROUNDS + 1):
        updates = []
        for number in CLIENTS:
            client = owner(workspace, number)
            set_weights(model, weights)
            rng = np.random.default_rng([seed, server_round, number])
            train(model, client.images, client.labels, epochs, rng, learning_rate, batch_size)
            updates.append(get_weights(model))
        layers = zip(*updates, strict=True)
        weights = [np.average(layer, axis=0, weights=SIZES).astype(np.float32) for layer in layers]
    return weights


@pytest.mark.parametrize(
    "epochs, rate, batch, seed", [(1, 0.02, 16, 0), (2, 0.05, 32, 0), (1, 0.05, 64, 3)]
)
def test_clients_train_as_the_servers_options_say(
    federate, workspace, one_thread, epochs, rate, batch, seed
):
    words = ["--local-epochs", epochs, "--learning-rate", rate, "--batch-size", batch]
    directory = federate(*words, "--seed", seed)
    expected = model_by_hand(workspace, epochs, rate, batch, seed)
    with np.load(directory / "global_model.npz") as file:
        for array, wanted in zip(file.values(), expected, strict=True):
            np.testing.assert_allclose(array, wanted, rtol=0, atol=1e-3)


@pytest.mark.parametrize("parallel", [1, 2])
def test_so_many_clients_train_at_once_as_one_allows(federation, parallel):
    server = federation.server("--parallel-clients", parallel, rounds=1)
    clients = [federation.liar(number, "company") for number in range(3)]
    server.finish()
    said = [client.wait_for("^Round 1: (alone|in company)$")[1] for client in clients]
    assert said == ["alone"] * 3 if parallel == 1 else "in company" in said


def test_the_settings_of_a_run_are_on_record_and_resuming_with_others_is_refused(
    federate, stage, workspace
):
    directory = federate("--learning-rate", 0.02, "--batch-size", 16)
    settings = json.loads((directory / "run.json").read_text())["settings"]
    assert (settings["learning_rate"], settings["batch_size"]) == (0.02, 16)
    words = ["--clients", len(SIZES), "--run", directory, "--address", free_address(), "--resume"]
    finished = stage.run("server.py", *words, cwd=workspace)
    assert finished.status == 2 and "--batch-size 16" in finished.stderr


def test_a_resumed_federation_does_not_deal_out_anew(federation_run, stage, workspace):
    before = snapshot(workspace)
    words = ["--clients", len(SIZES), "--run", federation_run.run, "--address", free_address()]
    finished = stage.run("federation.py", *words, "--scheme", "shards", "--resume", cwd=workspace)
    assert finished.status == 2 and "was made with other partitions" in finished.stderr
    assert "--scheme iid" in finished.stderr and len(finished.stderr.splitlines()) == 1
    assert snapshot(workspace) == before
