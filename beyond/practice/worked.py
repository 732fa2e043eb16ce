"""Three answers for which the lesson has no function of its own; all other exercises are made from its files.

Flower averages for us, the lesson's learning rate stays as it is, and support/sound_updates.py looks for more
faults than an exercise needs.
"""

import numpy as np
from flwr.common import parameters_to_ndarrays

from support.strategy_around import StrategyAround


def weighted_mean(numbers, images):
    """Return the mean of `numbers`, one weight of every client, each of which counts as its `images` do.

    Both are lists, with an entry for every client.
    """
    pairs = zip(numbers, images, strict=True)
    return sum(number * count for number, count in pairs) / sum(images)


def with_shrinking_rate(instructions, factor):
    """Return instructions like `instructions`, but with a learning rate that shrinks from round to round.

    Round 1 has the learning rate that `instructions` say, every other one `factor` times that of the round
    before it. The server may ask for a round twice.
    """

    def shrinking(server_round):
        config = instructions(server_round)
        rate = config["learning_rate"] * factor ** (server_round - 1)
        return {**config, "learning_rate": rate}

    return shrinking


class WithoutNaN(StrategyAround):
    """A strategy around `self.strategy` that lets only updates of finite numbers reach the average."""

    def aggregate_fit(self, server_round, results, failures):
        """Return what the strategy inside makes of those `results` that hold neither NaN nor infinity.

        `results` are pairs: (client, FitRes), and a FitRes has its weights, serialized, in `.parameters`.
        """
        finite = [
            (client, fit_result)
            for client, fit_result in results
            if all(
                np.isfinite(array).all() for array in parameters_to_ndarrays(fit_result.parameters)
            )
        ]
        return self.strategy.aggregate_fit(server_round, finite, failures)
