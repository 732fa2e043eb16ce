"""A strategy around a strategy: how the server is given more to do without changing what averages.

Flower asks a Strategy six questions. A class that answers one or two of them itself, and passes the
rest on to the strategy inside, nests with others of its kind, and with Flower's own wrappers.
"""

from flwr.server.strategy import Strategy


class StrategyAround(Strategy):
    """Passes all six questions on to `strategy`; subclasses answer some of them."""

    def __init__(self, strategy):
        self.strategy = strategy

    @property
    def is_private(self):
        """Whether every round gets noise, also one without an update, and the record is to say less."""
        return getattr(self.strategy, "is_private", False)

    def initialize_parameters(self, client_manager):
        """Return the first global model's Parameters, or None if a client is to give them."""
        return self.strategy.initialize_parameters(client_manager)

    def configure_fit(self, server_round, parameters, client_manager):
        """Return who trains in this round, and how: [(ClientProxy, FitIns), ...]."""
        return self.strategy.configure_fit(server_round, parameters, client_manager)

    def aggregate_fit(self, server_round, results, failures):
        """Return (Parameters or None, metrics) made from `results`, [(ClientProxy, FitRes), ...]."""
        return self.strategy.aggregate_fit(server_round, results, failures)

    def configure_evaluate(self, server_round, parameters, client_manager):
        """Return which clients evaluate, and how: [(ClientProxy, EvaluateIns), ...]."""
        return self.strategy.configure_evaluate(server_round, parameters, client_manager)

    def aggregate_evaluate(self, server_round, results, failures):
        """Return (loss or None, metrics) made from `results`, [(ClientProxy, EvaluateRes), ...]."""
        return self.strategy.aggregate_evaluate(server_round, results, failures)

    def evaluate(self, server_round, parameters):
        """Return (loss, metrics) of the global model on the server's own data, or None."""
        return self.strategy.evaluate(server_round, parameters)
