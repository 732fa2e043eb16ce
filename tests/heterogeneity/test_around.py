"""Strategies around strategies: what each adds stays what it is, whatever it is nested with."""

from support.sound_updates import SoundUpdates
from support.strategy_around import StrategyAround

import numpy as np
import pytest
from flwr.server.strategy import DifferentialPrivacyServerSideFixedClipping, FedAvg

import server
from beyond.heterogeneity.client_accuracy import ClientAccuracy
from beyond.heterogeneity.strategies import CountedAverages
from tests.support.handmade import three_clients
from tests.support.lesson import untrained

AROUND = {
    "StrategyAround": StrategyAround,
    "SoundUpdates": lambda strategy: SoundUpdates(strategy, 60_000),
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


class Inner(FedAvg):
    """A strategy that notes what it is asked, and answers as told."""

    def __init__(self):
        super().__init__()
        self.asked = []

    def aggregate_fit(self, server_round, results, failures):
        self.asked.append((server_round, results, failures))
        return "the model", {"metric": 1.0}


def test_counted_averages_count_averages_and_not_rounds():
    """Seen to fail when the round's number is passed on."""
    inner = Inner()
    counted = CountedAverages(inner)
    for server_round in (3, 4, 9):
        answer = counted.aggregate_fit(server_round, ["results"], ["failures"])
        assert answer == ("the model", {"metric": 1.0})
    assert inner.asked == [(number, ["results"], ["failures"]) for number in (1, 2, 3)]
    assert CountedAverages(Inner()).averages == 0  # each has a count of its own
