"""One seed and the same settings, one result; other settings have their effect, and resume no run."""

import json

import numpy as np
import pytest
from flwr.common import FitRes, ndarrays_to_parameters, parameters_to_ndarrays
from flwr.server.strategy import FedAvg

from support.tables import read_history
from tests.support.handmade import OK
from tests.support.harness import sha256, snapshot
from tests.support.lesson import instructions, owner, untrained
from tests.support.ports import free_address
from tests.support.shared import (
    CLIENTS,
    EPOCHS,
    ROUNDS,
    SIZES,
    TEST_SIZE,
    run_at_once,
    server_words,
)
from tests.support.small import write_partitions


def test_the_same_seed_gives_the_same_model_to_the_byte(federation_run, run_by_hand, federate):
    """Also by hand, and whatever trained at once."""
    again = federate(*EPOCHS, "--parallel-clients", 1)
    runs = (federation_run.run, run_by_hand.run, again)
    assert len({sha256(run / "global_model.npz") for run in runs}) == 1
    rows = [[(row.loss, row.accuracy) for row in read_history(run)] for run in runs]
    assert rows[0] == rows[1] == rows[2]


def test_another_seed_gives_another_model_and_replaces_an_earlier_record(
    federation_run, shared_stage, tmp_path, mnist
):
    write_partitions(tmp_path, mnist, SIZES, TEST_SIZE, seed=1)
    run = tmp_path / "results/again"
    (run / "logs").mkdir(parents=True)
    for name in ("history.csv", "global_model.npz", "logs/client_0.log"):
        longer = "of an earlier run\n" * 20_000  # than what replaces it
        (run / name).write_text(longer, encoding="utf-8")
    words = [*EPOCHS, "--seed", 1, "--parallel-clients", 1]
    finished = run_at_once(shared_stage, tmp_path, "results/again", *words)
    assert finished.status == 0, finished.output
    before, after = read_history(federation_run.run), read_history(run)
    assert [row.round for row in before] == [row.round for row in after]
    assert [row.accuracy for row in before] != [row.accuracy for row in after]
    assert sha256(run / "global_model.npz") != sha256(federation_run.run / "global_model.npz")
    log = (run / "logs/client_0.log").read_text(encoding="utf-8")
    assert log.startswith(f"Client 0: {SIZES[0]} images that stay here\n")
    assert not any(b"an earlier run" in file.read_bytes() for file in run.rglob("*.*"))


def model_by_hand(directory, order=CLIENTS, rounds=1, **settings):
    """Return the weights that a plain loop comes to, which averages in this order of clients."""
    weights = untrained(settings.get("seed", 0))
    for number in range(1, rounds + 1):
        config = instructions(number) | settings
        updates = [owner(directory, client).fit(weights, config) for client in order]
        results = [
            (None, FitRes(OK, ndarrays_to_parameters(update), count, {}))
            for update, count, _ in updates
        ]
        averaged, _ = FedAvg().aggregate_fit(number, results, [])
        weights = parameters_to_ndarrays(averaged)
    return [weight.tobytes() for weight in weights]


def model_in(run):
    """Return the weights of a run's global model."""
    with np.load(run / "global_model.npz") as file:
        return [weight.tobytes() for weight in file.values()]


def test_whoever_answers_last_the_average_is_taken_in_the_order_of_partitions(
    federation, one_thread
):
    """All orders are tried in test_aggregation.py, without processes."""
    order = (2, 1, 0)
    server = federation.server(rounds=1)
    clients = {number: federation.liar(number, "hold") for number in order}
    for client in clients.values():
        client.wait_for("^Round 1: holding")
    for number in order:
        federation.release(number)
        clients[number].wait_for("^Round 1: trained")
    assert server.wait() == 0
    assert model_in(federation.run) == model_by_hand(federation.directory)
    assert model_in(federation.run) != model_by_hand(federation.directory, order)


SETTINGS = {"local_epochs": 2, "learning_rate": 0.02, "batch_size": 16, "seed": 3}


def test_clients_train_as_the_servers_options_say_and_the_run_goes_on_with_no_others(
    federate, stage, workspace, one_thread
):
    words = ["--local-epochs", 2, "--learning-rate", 0.02, "--seed", 3]
    directory = federate(*words, "--batch-size", 16)
    assert model_in(directory) == model_by_hand(workspace, rounds=ROUNDS, **SETTINGS)
    recorded = json.loads((directory / "run.json").read_text(encoding="utf-8"))["settings"]
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
