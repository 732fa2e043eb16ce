"""Flower's other strategies, made from the lesson's FedAvg."""

import inspect

from flwr.server import strategy as flower
from flwr.server.strategy import FedAvg

from beyond.heterogeneity.options import STRATEGIES
from support.strategy_around import StrategyAround


def like(fedavg, strategy_class, **own):
    """Return a strategy of another class with the arguments that `fedavg`, a FedAvg, was made with.

    FedAvg keeps every argument under its name. `own` are the arguments that only `strategy_class` has.
    """
    taken = inspect.signature(strategy_class).parameters
    common = [name for name in inspect.signature(FedAvg).parameters if name in taken]
    return strategy_class(**{name: getattr(fedavg, name) for name in common}, **own)


def chosen_strategy(args, fedavg):
    """Return the strategy that `args` names, with its own options, in place of `fedavg`."""
    if args.strategy == "FedAvg":
        return fedavg
    own = {}
    for option, (name, default) in STRATEGIES[args.strategy].items():
        given = getattr(args, option)
        own[name] = default if given is None else given
    return CountedAverages(like(fedavg, getattr(flower, args.strategy), **own))


class CountedAverages(StrategyAround):
    """Tells a strategy with a memory how many averages there were, instead of how many rounds.

    Flower's take "round 1" for their first average; after a round without a sound update that is wrong.
    """

    averages = 0

    def aggregate_fit(self, server_round, results, failures):
        """Pass on with the number of this average."""
        self.averages += 1
        return self.strategy.aggregate_fit(self.averages, results, failures)
