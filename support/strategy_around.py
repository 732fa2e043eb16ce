"""A strategy around a strategy: how the server is given more to do without changing what averages.

Flower asks a Strategy six questions. A class that answers one or two of them itself, and passes the
rest on to the strategy inside, nests with others of its kind, and with Flower's own wrappers.
"""


class StrategyAround:
    """Passes on to `strategy` what a subclass does not answer itself."""

    def __init__(self, strategy):
        self.strategy = strategy

    @property
    def is_private(self):
        """Whether every round gets noise, also one without an update, and the record is to say less."""
        return getattr(self.strategy, "is_private", False)

    def __getattr__(self, question):
        return getattr(self.strategy, question)
