"""What the server makes of its clients' updates, and how long it says that a round takes."""

import re
import threading
from functools import partial
from itertools import permutations
from types import SimpleNamespace

import numpy as np
import pytest
from flwr.common import Parameters, parameters_to_ndarrays
from flwr.server.strategy import FedAvg

import server
from support.command_line import RunError
from support.history import read_history
from support.roll_call import RollCall
from tests.support.handmade import (
    COUNTS,
    SHAPES,
    HandmadeClient,
    SilentClient,
    three_clients,
    weights_of,
)


def mean_by_hand(numbers):
    """Return the mean of the updates of the clients `numbers`, weighted by their counts, in float64."""
    total = sum(COUNTS[number] for number in numbers)
    shares = [
        [COUNTS[number] * weight.astype(np.float64) for weight in weights_of(number)]
        for number in numbers
    ]
    return [sum(weights) / total for weights in zip(*shares, strict=True)]


def assert_close(weights, expected):
    """Check that all weights agree to float32's precision."""
    for weight, wanted in zip(weights, expected, strict=True):
        np.testing.assert_allclose(weight, wanted, rtol=0, atol=2e-8)


def test_the_global_model_is_the_mean_weighted_by_images_to_the_bit_in_whatever_order_they_come(
    aggregate,
):
    results = set()
    for order in permutations(range(3)):
        weights, history = aggregate(three_clients(), order)
        assert_close(weights, mean_by_hand([0, 1, 2]))
        assert (history[1].clients, history[1].failures) == (3, 0)
        results.add(b"".join(weight.tobytes() for weight in weights))
    assert len(results) == 1


def test_without_the_fixed_order_the_same_updates_would_give_other_bits():
    """What shows that the test above can fail."""
    strategy, results = FedAvg(), set()
    for order in permutations(three_clients()):
        averaged, _ = strategy.aggregate_fit(1, [(client, client.update) for client in order], [])
        results.add(b"".join(weight.tobytes() for weight in parameters_to_ndarrays(averaged)))
    assert len(results) > 1


def changed(position, value):
    """Return client 2's weights with one value changed."""
    weights = weights_of(2)
    weights[position].flat[0] = value
    return weights


UNSOUND = [
    (changed(0, np.nan), 100),
    (changed(-1, -np.inf), 100),
    (weights_of(2)[:-1], 100),  # an array missing
    ([*weights_of(2), weights_of(2)[-1]], 100),  # one too many
    ([weight.T if weight.ndim == 2 else weight for weight in weights_of(2)], 100),
    ([weight[:1] for weight in weights_of(2)], 100),  # it would broadcast
    ([weight.astype(np.float64) for weight in weights_of(2)], 100),
    ([weight * 1e6 for weight in weights_of(2)], 100),
    (weights_of(2), 0),
    (weights_of(2), -700),
    (weights_of(2), 10**12),
]


def test_no_unsound_update_reaches_the_average(aggregate, capsys):
    """All of them come in one round; test_update_checks.py tries many more, without a server."""
    updates = [*UNSOUND, (weights_of(2), 100)]
    liars = [HandmadeClient(number, *update) for number, update in enumerate(updates, start=2)]
    nonsense = [b"\x93NUMPY nonsense"] * len(SHAPES)  # no array
    liars[-1].update.parameters = Parameters(tensors=nonsense, tensor_type="numpy.ndarray")
    weights, history = aggregate([*three_clients()[:2], *liars])
    assert_close(weights, mean_by_hand([0, 1]))
    assert (history[1].clients, history[1].failures) == (2, len(liars))
    told = re.findall(r"^Round 1: .*Client (\d+)", capsys.readouterr().out, re.MULTILINE)
    assert sorted(map(int, told)) == [liar.number for liar in liars]


def test_a_client_that_breaks_off_is_done_without(aggregate):
    weights, history = aggregate([SilentClient(0, weights_of(0), COUNTS[0]), *three_clients()[1:]])
    assert_close(weights, mean_by_hand([1, 2]))
    assert (history[1].clients, history[1].failures) == (2, 1)


def test_a_round_without_a_sound_update_keeps_the_model(aggregate):
    clients = [HandmadeClient(number, changed(0, np.nan), 100) for number in range(2)]
    with pytest.raises(RunError, match="no round had an update"):
        aggregate(clients, rounds=2)
    with np.load("run/global_model.npz") as file:
        weights, history = list(file.values()), read_history("run")
    assert [(row.clients, row.failures) for row in history] == [(0, 0), (0, 2), (0, 2)]
    assert len({row.loss for row in history}) == 1
    assert all(np.isfinite(weight).all() for weight in weights)


TRAINING, EVALUATION, WAITING = 7, 5, 100  # seconds


class Clock:
    """A clock that stands still unless somebody says that time has passed."""

    def __init__(self):
        self.lock, self.seconds = threading.Lock(), 1000.0

    def monotonic(self):
        return self.seconds

    def passes(self, seconds):
        with self.lock:
            self.seconds += seconds


@pytest.fixture
def clock(monkeypatch):
    """The clock that rounds are timed with; to gather the clients of a round takes time."""
    clock, gather = Clock(), RollCall.gather

    def gather_slowly(*words, **more):
        clock.passes(WAITING)
        gather(*words, **more)

    monkeypatch.setattr(RollCall, "gather", gather_slowly)
    shown = SimpleNamespace(monotonic=clock.monotonic)
    monkeypatch.setattr("support.recorded_strategy.time", shown)
    return clock


class SlowClient(HandmadeClient):
    """A client whose training takes its time."""

    clock = None

    def fit(self, *words, **more):
        self.clock.passes(TRAINING)
        return super().fit(*words, **more)


def slow_strategy(clock, *words):
    """Return the lesson's strategy, whose evaluation takes its time."""
    strategy = server.make_strategy(*words)
    evaluate = strategy.evaluate_fn

    def evaluate_slowly(*more):
        clock.passes(EVALUATION)
        return evaluate(*more)

    strategy.evaluate_fn = evaluate_slowly
    return strategy


def test_the_seconds_of_a_round_count_neither_waiting_nor_earlier_rounds(aggregate, clock):
    clients = [SlowClient(number, weights_of(number), 10) for number in range(2)]
    for client in clients:
        client.clock = clock
    main = partial(server.main, make_strategy=partial(slow_strategy, clock))
    _, history = aggregate(clients, rounds=3, main=main)
    a_round = 2 * TRAINING + EVALUATION
    assert [row.seconds for row in history] == [EVALUATION, a_round, a_round, a_round]
