"""What the server makes of its clients' updates, and how long it says that a round takes."""

import re
from itertools import permutations
from types import SimpleNamespace

import numpy as np
import pytest
from flwr.common import Parameters, parameters_to_ndarrays
from flwr.server.strategy import FedAvg

from support.command_line import RunError
from support.roll_call import RollCall
from support.tables import read_history
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
    layers = zip(*map(weights_of, numbers), strict=True)
    counts = [float(COUNTS[number]) for number in numbers]
    return [np.average(np.float64(layer), axis=0, weights=counts) for layer in layers]


def assert_close(weights, expected):
    """Check that all weights agree to float32's precision."""
    for weight, wanted in zip(weights, expected, strict=True):
        np.testing.assert_allclose(weight, wanted, rtol=0, atol=2e-8)


def as_bytes(weights):
    """Return all bits of the weights."""
    return b"".join(weight.tobytes() for weight in weights)


def test_the_global_model_is_the_mean_weighted_by_images_to_the_bit_in_whatever_order_they_come(
    aggregate,
):
    results = set()
    for order in permutations(range(3)):
        weights, history = aggregate(three_clients(), order)
        assert_close(weights, mean_by_hand([0, 1, 2]))
        assert (history[1].clients, history[1].failures) == (3, 0)
        results.add(as_bytes(weights))
    assert len(results) == 1


def test_without_the_fixed_order_the_same_updates_would_give_other_bits():
    """What shows that the test above can fail."""
    strategy, results = FedAvg(), set()
    for order in permutations(three_clients()):
        averaged, _ = strategy.aggregate_fit(1, [(client, client.update) for client in order], [])
        results.add(as_bytes(parameters_to_ndarrays(averaged)))
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


def test_the_seconds_of_a_round_count_neither_waiting_nor_earlier_rounds(aggregate, monkeypatch):
    spent = []  # by a clock that stands still unless one of these is called

    def slow_down(owner, method, seconds):
        quick = getattr(owner, method)
        monkeypatch.setattr(
            owner, method, lambda *words, **more: spent.append(seconds) or quick(*words, **more)
        )

    slow_down(HandmadeClient, "fit", TRAINING)
    slow_down(FedAvg, "evaluate", EVALUATION)
    slow_down(RollCall, "gather", WAITING)
    clock = SimpleNamespace(monotonic=lambda: 1000.0 + sum(spent))
    monkeypatch.setattr("support.recorded_strategy.time", clock)
    clients = [HandmadeClient(number, weights_of(number), 10) for number in range(2)]
    _, history = aggregate(clients, rounds=3)
    assert [row.seconds for row in history] == [EVALUATION] + 3 * [2 * TRAINING + EVALUATION]
