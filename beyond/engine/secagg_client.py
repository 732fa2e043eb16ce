"""What a client of secure aggregation does not answer, although Flower's SecAgg+ would.

A server that lies opens an update if it is told both secrets of a client, its key and its own mask. Where
each takes more than half of the shares, somebody has to tell both, and nobody here does. (Flower 1.41 tells
both, and leaves it to the server how many shares are enough.)
"""

from support.command_line import UserError

from flwr.common.secure_aggregation.secaggplus_constants import RECORD_KEY_CONFIGS, Key, Stage

from beyond.engine.secagg_shares import FEWEST


def careful_mod(message, context, call_next):
    """Fail, as a Flower mod, where the server asks for what would open a single update."""
    asked = message.content.config_records.get(RECORD_KEY_CONFIGS, {})
    check_question(asked)
    return call_next(message, context)


def check_question(asked):
    """Raise UserError if the server's `asked`, the config of a stage, is against the protocol."""
    if asked.get(Key.STAGE) == Stage.SETUP:
        shares, threshold = asked[Key.SHARE_NUMBER], asked[Key.THRESHOLD]
        if shares < FEWEST or 2 * threshold <= shares:
            raise UserError(
                f"{threshold} of {shares} shares are to open a secret: too few; not taking part"
            )
    if asked.get(Key.STAGE) == Stage.UNMASK:
        both = {*asked[Key.ACTIVE_NODE_ID_LIST]} & {*asked[Key.DEAD_NODE_ID_LIST]}
        if both:
            raise UserError(f"node {min(both)} cannot be there and have left; telling nobody")
