"""Strategies with a memory, and rounds in which nothing sound came back."""

from support.command_line import RunError
from support.history import read_history

import numpy as np
import pytest
from flwr.common import FitRes, ndarrays_to_parameters

from tests.support.handmade import OK, HandmadeClient, three_clients, weights_of


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
    for one, other in zip(late, prompt, strict=True):  # as if the lost round had not been
        np.testing.assert_array_equal(one, other)


@pytest.mark.filterwarnings("ignore:overflow")
def test_a_step_to_weights_that_are_no_numbers_ends_the_run(aggregate):
    words = ["--strategy", "FedAvgM", "--server-learning-rate", "1e38"]
    with pytest.raises(RunError, match="round 2 made weights that are NaN or infinite"):
        aggregate(three_clients(), rounds=3, words=words)
    assert [row.round for row in read_history("run")] == [0, 1]
