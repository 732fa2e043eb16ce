"""What a node's own config says, and the lesson's client as a node's ClientApp runs it."""

from support.command_line import UserError
from support.participant import Misfit, Participant

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
    """A Participant whose model that does not fit its data fails this message, and not the process."""

    def fit(self, ins):
        """Train. Raises UserError if the model cannot take the data."""
        try:
            return super().fit(ins)
        except Misfit as misfit:
            raise UserError(str(misfit)) from None
