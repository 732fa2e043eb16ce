"""One seed, one result, whatever the order in which clients come and answer."""

from support.history import read_history

import numpy as np
from flwr.common import Code, FitRes, Status, ndarrays_to_parameters, parameters_to_ndarrays
from flwr.server.strategy import FedAvg

from tests.support.harness import sha256
from tests.support.lesson import instructions, owner, untrained
from tests.support.shared import EPOCHS, SIZES, TEST_SIZE, run_at_once
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
    (run / "history.csv").write_text("round,loss\n" + "1,1\n" * 9)
    for name in ("global_model.npz", "logs/client_0.log"):
        (run / name).write_text("of an earlier run")
    words = [*EPOCHS, "--seed", 1, "--parallel-clients", 1]
    finished = run_at_once(shared_stage, tmp_path, "results/again", *words)
    assert finished.status == 0, finished.output
    before, after = read_history(federation_run.run), read_history(run)
    assert [row.round for row in before] == [row.round for row in after]
    assert [row.accuracy for row in before] != [row.accuracy for row in after]
    assert sha256(run / "global_model.npz") != sha256(federation_run.run / "global_model.npz")
    log = (run / "logs/client_0.log").read_text()
    assert log.startswith(f"Client 0: {SIZES[0]} images that stay here\n")


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
    with np.load(federation.run / "global_model.npz") as file:
        weights = [weight.tobytes() for weight in file.values()]
    assert weights == model_of_a_loop(federation.directory, (0, 1, 2))
    assert weights != model_of_a_loop(federation.directory, order)
