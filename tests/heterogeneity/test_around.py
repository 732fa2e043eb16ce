"""Strategies around strategies, and strategies with a memory: each works as it does alone."""

from unittest.mock import call, create_autospec

import numpy as np
import pytest
from flwr.common import FitRes, ndarrays_to_parameters
from flwr.server.strategy import DifferentialPrivacyServerSideFixedClipping, FedAvg

import server
from beyond.heterogeneity.client_accuracy import ClientAccuracy
from beyond.heterogeneity.strategies import CountedAverages
from support.command_line import RunError
from support.tables import read_history
from tests.support.handmade import OK, HandmadeClient, three_clients, weights_of
from tests.support.lesson import untrained

AROUND = {
    "CountedAverages": CountedAverages,
    "ClientAccuracy": lambda strategy: ClientAccuracy(strategy, "run"),
}


def clipped(strategy):
    """Return Flower's own wrapper around a strategy: it clips updates, and adds no noise here."""
    return DifferentialPrivacyServerSideFixedClipping(strategy, 0.0, 0.5, 3)


def runs_with(*wrap):
    """Return a server's main that puts each of `wrap` around the lesson's strategy, the first innermost."""

    def make_strategy(*arguments):
        strategy = server.make_strategy(*arguments)
        for one in wrap:
            strategy = one(strategy)
        return strategy

    return lambda arguments: server.main(arguments, make_strategy)


@pytest.mark.parametrize("name", AROUND)
def test_it_nests_with_flowers_own_wrappers_inside_and_outside(aggregate, name):
    expected, _ = aggregate(three_clients(), rounds=2, main=runs_with(clipped))
    moved = np.sqrt(sum(np.sum((a - b) ** 2) for a, b in zip(expected, untrained(), strict=True)))
    assert 0 < moved <= 1.01  # two rounds, half each
    for wrap in [(clipped, AROUND[name]), (AROUND[name], clipped)]:
        weights, history = aggregate(three_clients(), rounds=2, main=runs_with(*wrap))
        assert all(map(np.array_equal, weights, expected))
        assert [row.clients for row in history] == [0, 3, 3]


def test_counted_averages_count_averages_and_not_rounds():
    inner = create_autospec(FedAvg, instance=True)
    inner.aggregate_fit.return_value = "the model", {"metric": 1.0}
    counted = CountedAverages(inner)
    for server_round in (3, 4, 9):
        answer = counted.aggregate_fit(server_round, ["results"], ["failures"])
        assert answer == ("the model", {"metric": 1.0})
    asked = [call(number, ["results"], ["failures"]) for number in (1, 2, 3)]
    assert inner.aggregate_fit.call_args_list == asked
    assert CountedAverages(inner).averages == 0  # each has a count of its own


class LateBloomer(HandmadeClient):
    """A client that sends nonsense in round 1 and its update afterwards."""

    def fit(self, ins, timeout, group_id):
        if ins.config["server_round"] == 1:
            return FitRes(OK, ndarrays_to_parameters([np.zeros(1)]), 1, {})
        return self.update


@pytest.mark.parametrize("strategy", ["FedAvgM", "FedAdam", "FedYogi"])
def test_a_strategy_with_a_memory_survives_a_first_round_without_a_sound_update(
    aggregate, strategy
):
    def clients(kind):
        return [kind(number, weights_of(number), 100) for number in range(2)]

    words = ["--strategy", strategy]
    late, history = aggregate(clients(LateBloomer), rounds=3, words=words)
    assert [(row.clients, row.failures) for row in history] == [(0, 0), (0, 2), (2, 0), (2, 0)]
    prompt, _ = aggregate(clients(HandmadeClient), rounds=2, words=words)
    for one, other in zip(late, prompt, strict=True):  # as if the lost round had never been
        np.testing.assert_array_equal(one, other)


@pytest.mark.filterwarnings("ignore:overflow")
def test_a_step_to_weights_that_are_no_numbers_ends_the_run(aggregate):
    words = ["--strategy", "FedAvgM", "--server-learning-rate", "1e38"]
    with pytest.raises(RunError, match="round 2 made weights that are NaN or infinite"):
        aggregate(three_clients(), rounds=3, words=words)
    assert [row.round for row in read_history("run")] == [0, 1]
