"""Clients that lie over the wire: what they send never reaches the average, and the log says why."""

import re

import numpy as np
import pytest
from flwr.common import FitRes, ndarrays_to_parameters, parameters_to_ndarrays
from flwr.server.strategy import FedAvg

from tests.programs.liars import LIES
from tests.support.federation import SIZES
from tests.support.handmade import COUNTS, OK, three_clients
from tests.support.lesson import instructions, owner, untrained

HONEST = [0, 2]
ROUNDS = 2


@pytest.fixture(scope="module")
def honest_models(make_federation, tmp_path_factory, one_thread):
    """The global weights of rounds 0 to 2 as the honest clients alone make them, without a network."""
    directory = make_federation(tmp_path_factory.mktemp("honest")).directory
    models = [untrained()]
    clients = [owner(directory, number) for number in HONEST]
    for server_round in range(1, ROUNDS + 1):
        answers = [client.fit(models[-1], instructions(server_round)) for client in clients]
        results = [
            (None, FitRes(OK, ndarrays_to_parameters(weights), *rest)) for weights, *rest in answers
        ]
        models.append(parameters_to_ndarrays(FedAvg().aggregate_fit(1, results, [])[0]))
    return models


@pytest.fixture(scope="module")
def one_liar_of_each_kind(shared_stage, make_federation, tmp_path_factory):
    """A run with two honest clients, whose metrics are strange, and one for each lie, from round 1 on."""
    directory = tmp_path_factory.mktemp("liars")
    federation = make_federation(directory, sizes=SIZES + (30,) * (len(LIES) - 1))
    federation.numbers = dict(zip(LIES, [1, *range(3, federation.size)], strict=True))
    server = federation.server("--parallel-clients", 4, rounds=ROUNDS)
    for number in HONEST:
        federation.liar(number, "strange metrics")
    for lie, number in federation.numbers.items():
        federation.liar(number, lie)
    server.finish()
    federation.said = server.output  # other tests clear the stage
    shared_stage.clear()
    return federation


def assert_model_is(federation, expected):
    """Check that the global model is `expected`, bit for bit."""
    with np.load(federation.run / "global_model.npz") as file:
        for array, wanted in zip(file.values(), expected, strict=True):
            assert array.dtype == wanted.dtype
            assert array.tobytes() == wanted.tobytes()


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_is_logged_with_the_client_and_the_reason(one_liar_of_each_kind, lie):
    reason = LIES[lie][1].format(f"Client {one_liar_of_each_kind.numbers[lie]}")
    for server_round in (1, 2):
        said = one_liar_of_each_kind.said
        assert re.search(f"^Round {server_round}: {reason}", said, re.MULTILINE)


def test_lies_are_counted_and_leave_the_average_over_the_honest_clients_bit_for_bit(
    one_liar_of_each_kind, honest_models
):
    assert_model_is(one_liar_of_each_kind, honest_models[ROUNDS])
    honest, liars = len(HONEST), len(LIES)
    assert one_liar_of_each_kind.counts() == [(0, 0, 0), (1, honest, liars), (2, honest, liars)]
    assert "Traceback" not in one_liar_of_each_kind.said


def test_a_client_that_stops_lying_is_believed_again_and_one_that_begins_to_is_not(federation):
    server = federation.server(rounds=3)
    federation.client(0)
    federation.liar(1, "NaN@2only")
    federation.liar(2, "NaN@2")
    server.finish()
    assert federation.counts() == [(0, 0, 0), (1, 3, 0), (2, 1, 2), (3, 2, 1)]


@pytest.mark.parametrize("honest_rounds", [0, 1])
def test_when_all_clients_lie_the_model_stays_as_it_was(federation, honest_models, honest_rounds):
    server, since = federation.server(), honest_rounds + 1
    for number, lie in enumerate([f"infinity@{since}", "negative examples", f"garbage@{since}"]):
        federation.liar(number, lie)
    status, vain = server.wait(), server.found("^server.py: no round had an update")
    assert status == len(vain) == 1 - honest_rounds
    said = server.found("^Round .: no update could be used; the global model stays")
    assert len(said) == ROUNDS - honest_rounds
    sound = 2 * honest_rounds
    assert federation.counts() == [(0, 0, 0), (1, sound, 3 - sound), (2, 0, 3)]
    assert_model_is(federation, honest_models[honest_rounds])


def test_the_largest_number_of_examples_is_the_persons_choice(aggregate, capsys):
    most = sorted(COUNTS)[1]
    _, history = aggregate(three_clients(), words=["--max-examples-per-client", most])
    assert (history[1].clients, history[1].failures) == (2, 1)
    reason = f"claims {max(COUNTS)} examples, more than the {most} allowed"
    assert f"Round 1: left out the update from Client 2: it {reason}\n" in capsys.readouterr().out
