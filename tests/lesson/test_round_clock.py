"""`seconds` of a round: from the first weights sent to the evaluation's end, and nothing else."""

from support.roll_call import RollCall

import threading
from functools import partial
from types import SimpleNamespace

import pytest

import server
from tests.support.handmade import HandmadeClient, weights_of

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
