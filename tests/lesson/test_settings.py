"""What a run was made with has its effect, is on record, and the run goes on with nothing else."""

import json

import numpy as np
import pytest

from model import CNN, get_weights, set_weights, train
from tests.support.harness import snapshot
from tests.support.lesson import owner, untrained
from tests.support.ports import free_address
from tests.support.shared import CLIENTS, ROUNDS, SIZES, server_words

SETTINGS = {"local_epochs": 2, "learning_rate": 0.02, "batch_size": 16, "seed": 3}


def model_by_hand(workspace, local_epochs, learning_rate, batch_size, seed):
    """Return the global weights as a plain loop makes them that trains with just these numbers."""
    weights, model = untrained(seed), CNN()
    for server_round in range(1, ROUNDS + 1):
        updates = []
        for number in CLIENTS:
            client = owner(workspace, number)
            set_weights(model, weights)
            rng = np.random.default_rng([seed, server_round, number])
            data = client.images, client.labels
            train(model, *data, local_epochs, rng, learning_rate, batch_size)
            updates.append(get_weights(model))
        layers = zip(*updates, strict=True)
        weights = [np.average(layer, axis=0, weights=SIZES).astype(np.float32) for layer in layers]
    return weights


def test_clients_train_as_the_servers_options_say_and_the_run_goes_on_with_no_others(
    federate, stage, workspace, one_thread
):
    words = ["--local-epochs", 2, "--learning-rate", 0.02, "--seed", 3]
    directory = federate(*words, "--batch-size", 16)
    with np.load(directory / "global_model.npz") as file:
        for array, wanted in zip(file.values(), model_by_hand(workspace, **SETTINGS), strict=True):
            np.testing.assert_allclose(array, wanted, rtol=0, atol=1e-3)
    recorded = json.loads((directory / "run.json").read_text())["settings"]
    assert SETTINGS.items() <= recorded.items()
    _, words = server_words(directory, *words, "--resume")
    finished = stage.run("server.py", *words, cwd=workspace)
    assert finished.status == 2 and "--batch-size 16" in finished.stderr


@pytest.mark.parametrize("parallel", [1, 2])
def test_so_many_clients_train_at_once_as_one_allows(federation, parallel):
    server = federation.server("--parallel-clients", parallel, rounds=1)
    clients = [federation.liar(number, "company") for number in range(3)]
    server.finish()
    said = [client.wait_for("^Round 1: (alone|in company)$")[1] for client in clients]
    assert said == ["alone"] * 3 if parallel == 1 else "in company" in said


def test_a_resumed_federation_does_not_deal_out_anew(federation_run, stage, workspace):
    before = snapshot(workspace)
    words = ["--clients", len(SIZES), "--run", federation_run.run, "--address", free_address()]
    finished = stage.run("federation.py", *words, "--scheme", "shards", "--resume", cwd=workspace)
    assert finished.status == 2 and "was made with other partitions" in finished.stderr
    assert "--scheme iid" in finished.stderr and len(finished.stderr.splitlines()) == 1
    assert snapshot(workspace) == before
