"""One seed, one result, whatever the order in which clients come and answer."""

from support.history import read_history

import json
import re

import numpy as np
import pytest
from flwr.common import Code, FitRes, Status, ndarrays_to_parameters, parameters_to_ndarrays
from flwr.server.strategy import FedAvg

from tests.support.harness import sha256
from tests.support.lesson import instructions, owner, untrained
from tests.support.shared import CLIENTS, EPOCHS, ROUNDS, SIZES, TEST_SIZE, run_at_once
from tests.support.small import write_partitions


def accuracies(run):
    """Return the accuracies of all rounds."""
    return [row.accuracy for row in read_history(run)]


def orders_of_answers(output):
    """Return, per round, the image counts of the clients in the order in which the strategy met them."""
    return [json.loads(order) for order in re.findall(r"was answered in the order (.*)", output)]


@pytest.fixture(scope="module")
def run_with_another_seed(tmp_path_factory, mnist, shared_stage):
    """The same images and settings, but for the seed; over a longer record of an earlier run."""
    directory = tmp_path_factory.mktemp("another_seed")
    write_partitions(directory, mnist, SIZES, TEST_SIZE, seed=1)
    run = directory / "results/again"
    run.mkdir(parents=True)
    (run / "history.csv").write_text("round,loss\n" + "1,1\n" * 9)
    (run / "global_model.npz").write_text("an earlier model")
    words = [*EPOCHS, "--seed", 1, "--parallel-clients", 1]
    finished = run_at_once(shared_stage, directory, "results/again", *words)
    assert finished.status == 0, finished.output
    return run


def test_same_seed_gives_the_same_model_to_the_byte(federation_run, run_by_hand):
    assert sha256(run_by_hand.run / "global_model.npz") == sha256(
        federation_run.run / "global_model.npz"
    )
    assert accuracies(run_by_hand.run) == accuracies(federation_run.run)


def model_of_a_loop(workspace, reverse):
    """Return the weights of a plain loop, averaged in the order of partitions or the reverse."""
    weights = untrained()
    clients = [owner(workspace, number) for number in CLIENTS]
    for server_round in range(1, ROUNDS + 1):
        config = instructions(server_round, *EPOCHS)
        results = [(None, fit_result(*client.fit(weights, config))) for client in clients]
        averaged, _ = FedAvg().aggregate_fit(
            server_round, results[::-1] if reverse else results, []
        )
        weights = parameters_to_ndarrays(averaged)
    return [weight.tobytes() for weight in weights]


def fit_result(weights, count, _):
    """Return what a client answers as Flower carries it."""
    return FitRes(Status(Code.OK, ""), ndarrays_to_parameters(weights), count, {})


def test_whoever_answers_last_the_average_is_taken_in_the_order_of_partitions(
    run_by_hand, workspace, one_thread
):
    with np.load(run_by_hand.run / "global_model.npz") as file:
        weights = [weight.tobytes() for weight in file.values()]
    assert weights == model_of_a_loop(workspace, reverse=False)
    assert weights != model_of_a_loop(workspace, reverse=True)  # the order in which they answered


def test_the_answers_did_come_in_another_order(run_by_hand):
    orders = orders_of_answers(run_by_hand.server_output)
    assert orders == [sorted(SIZES)] * 2  # clients 2, 1, 0
    assert sorted(SIZES) != list(SIZES)


def test_another_seed_gives_another_model(federation_run, run_with_another_seed):
    runs = (run_with_another_seed, federation_run.run)
    assert len({sha256(run / "global_model.npz") for run in runs}) == 2
    assert accuracies(run_with_another_seed) != accuracies(federation_run.run)


def test_a_new_run_replaces_an_earlier_record(federation_run, run_with_another_seed):
    assert len(read_history(run_with_another_seed)) == len(read_history(federation_run.run))
    assert json.loads((run_with_another_seed / "run.json").read_text())["settings"]["seed"] == 1
