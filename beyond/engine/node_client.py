"""What a node's own config says, and the lesson's client as a node's ClientApp runs it."""

from contextlib import contextmanager

from support.command_line import UserError
from support.identity import ClientFailure, Participant

PARTITION = "partition-id"  # Flower's simulation calls it that, too


def partition_of(node_config):
    """Return the number of the partition that this node holds. Raises UserError if its config has none."""
    number = node_config.get(PARTITION)
    if type(number) is not int or number < 0:
        raise UserError(
            f"this node's config has no {PARTITION}; start it with --node-config '{PARTITION}=0', "
            "or whichever partition it holds"
        )
    return number


class NodeParticipant(Participant):
    """A Participant whose failure is this message's, and not the process's."""

    def fit(self, ins):
        """Train. Raises UserError, whatever goes wrong."""
        with _failing_this_message():
            return super().fit(ins)

    def evaluate(self, ins):
        """Evaluate the global model on local data. Raises as `fit` does."""
        with _failing_this_message():
            return super().evaluate(ins)


@contextmanager
def _failing_this_message():
    try:
        yield
    except ClientFailure as failure:
        raise UserError(str(failure)) from None
