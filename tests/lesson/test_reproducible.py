"""One seed, one result, whatever the order in which clients come and answer."""

from support.history import read_history

import json

import numpy as np
import pytest
from flwr.common import Code, FitRes, Status, ndarrays_to_parameters, parameters_to_ndarrays
from flwr.server.strategy import FedAvg

from tests.support.harness import sha256
from tests.support.lesson import instructions, owner, untrained
from tests.support.shared import EPOCHS, SIZES, TEST_SIZE, run_at_once
from tests.support.small import write_partitions


def accuracies(run):
    """Return the accuracies of all rounds."""
    return [row.accuracy for row in read_history(run)]


@pytest.fixture(scope="module")
def run_with_another_seed(tmp_path_factory, mnist, shared_stage):
    """The same images and settings, but for the seed; over a longer record of an earlier run."""
    directory = tmp_path_factory.mktemp("another_seed")
    write_partitions(directory, mnist, SIZES, TEST_SIZE, seed=1)
    run = directory / "results/again"
    run.mkdir(parents=True)
    (run / "history.csv").write_text("round,loss\n" + "1,1\n" * 9)
    (run / "global_model.npz").write_text("an earlier model")
    (run / "logs").mkdir()
    (run / "logs/client_0.log").write_text("an earlier log")
    words = [*EPOCHS, "--seed", 1, "--parallel-clients", 1]
    finished = run_at_once(shared_stage, directory, "results/again", *words)
    assert finished.status == 0, finished.output
    return run


def test_same_seed_gives_the_same_model_to_the_byte(federation_run, federate):
    by_hand = federate(*EPOCHS, "--parallel-clients", 3)
    assert sha256(by_hand / "global_model.npz") == sha256(federation_run.run / "global_model.npz")
    assert accuracies(by_hand) == accuracies(federation_run.run)


def model_of_a_loop(directory, order):
    """Return the weights after one round of a plain loop that averages in this order of clients."""
    weights, config = untrained(), instructions(1)
    updates = [owner(directory, number).fit(weights, config) for number in order]
    results = [(None, fit_result(*update)) for update in updates]
    averaged, _ = FedAvg().aggregate_fit(1, results, [])
    return [weight.tobytes() for weight in parameters_to_ndarrays(averaged)]


def fit_result(weights, count, _):
    """Return what a client answers as Flower carries it."""
    return FitRes(Status(Code.OK, ""), ndarrays_to_parameters(weights), count, {})


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)], ids=str)
def test_whoever_answers_last_the_average_is_taken_in_the_order_of_partitions(
    federation, one_thread, order
):
    server = federation.server(rounds=1)
    clients = {number: federation.liar(number, "hold") for number in order}
    for client in clients.values():
        client.wait_for("^Round 1: holding")
    for number in order:
        federation.release(number)
        clients[number].wait_for("^Round 1: trained")
    assert server.wait() == 0
    with np.load(federation.run / "global_model.npz") as file:
        weights = [weight.tobytes() for weight in file.values()]
    assert weights == model_of_a_loop(federation.directory, (0, 1, 2))
    assert weights != model_of_a_loop(federation.directory, (2, 1, 0))


def test_another_seed_gives_another_model(federation_run, run_with_another_seed):
    runs = (run_with_another_seed, federation_run.run)
    assert len({sha256(run / "global_model.npz") for run in runs}) == 2
    assert accuracies(run_with_another_seed) != accuracies(federation_run.run)


def test_a_new_run_replaces_an_earlier_record(federation_run, run_with_another_seed):
    assert len(read_history(run_with_another_seed)) == len(read_history(federation_run.run))
    assert json.loads((run_with_another_seed / "run.json").read_text())["settings"]["seed"] == 1
    log = (run_with_another_seed / "logs/client_0.log").read_text()
    assert log.startswith(f"Client 0: {SIZES[0]} images that stay here\n")
