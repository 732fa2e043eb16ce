"""What a client of secure aggregation does not answer, although Flower's SecAgg+ would.

A server that lies opens an update if it is told both secrets of a client, its key and its own mask. Where
each takes more than half of the shares, some client has to tell both, and ours do not. (Flower 1.42 tells
both, and leaves it to the server how many shares are enough, and how many keys make a mask.)
careful_training.py looks at what a client is asked to train.
"""

import re

from flwr.app.message_type import MessageType
from flwr.common.secure_aggregation.secaggplus_constants import (
    RECORD_KEY_CONFIGS,
    RECORD_KEY_STATE,
    Key,
    Stage,
)

from beyond.secure_aggregation.shares import FEWEST, fewest_members, protocol

# In what Flower makes of a Refusal.
REFUSED = re.compile(r"Refused: (.*?; not taking part)", re.DOTALL)


class Refusal(Exception):
    """A client does not take part in this round. Not a UserError: the run goes on."""

    def __init__(self, reason):
        super().__init__(f"Refused: {reason}; not taking part")


def careful_mod(message, context, call_next):
    """Fail, as a Flower mod, where the server asks for what would open a single update."""
    if message.metadata.message_type == MessageType.TRAIN:
        asked = message.content.config_records.get(RECORD_KEY_CONFIGS, {})
        state = context.state.config_records.get(RECORD_KEY_STATE, {})
        check_question(asked, state, context.run_config)
    return call_next(message, context)


def check_question(asked, state, run_config):
    """Raise Refusal if the server's `asked`, the config of a stage, is against the protocol.

    `state` is what the stages before have left with this client, `run_config` the run's.
    """
    needed, me = state.get("threshold", FEWEST), state.get("nid")
    match asked.get(Key.STAGE):
        case Stage.SETUP:
            check_settings(asked, run_config)
        case Stage.SHARE_KEYS:
            check_group([int(name) for name in asked if name != Key.STAGE], needed)
        case Stage.COLLECT_MASKED_VECTORS:
            check_group([me, *asked[Key.SOURCE_LIST]], needed)
        case Stage.UNMASK:
            check_who_is_there(
                asked[Key.ACTIVE_NODE_ID_LIST], asked[Key.DEAD_NODE_ID_LIST], needed, me
            )


def check_settings(asked, run_config):
    """Raise Refusal if the settings of a round are not those that our own server sends.

    Each of them can silence a client, and a sum in which all but one are silent is that one's update: a huge
    `max_weight` multiplies by nothing, a small `target_range` rounds to nothing.
    """
    shares = asked[Key.SHARE_NUMBER]
    wanted = protocol(shares, run_config["max-examples-per-client"])
    if shares < FEWEST:
        raise Refusal(f"masks of {shares} shares can be searched for, {FEWEST} are the fewest")
    for name, value in wanted.items():
        if asked.get(name) != value:
            raise Refusal(f"{name} is {asked.get(name)} in this round, and has to be {value}")


def check_group(members, needed):
    """Raise Refusal if `members`, nodes with this one among them, are too few to hide one in.

    A node that is named twice has one key all the same.
    """
    fewest = fewest_members(needed)
    if len({*members}) < fewest or len({*members}) < len(members):
        raise Refusal(
            f"{len({*members})} nodes have sent keys for this group, and it takes {fewest}"
        )


def check_who_is_there(there, gone, needed, me):
    """Raise Refusal if the answer about nodes that are `there` and `gone` could open a single update."""
    if both := {*there} & {*gone}:
        raise Refusal(f"node {min(both)} cannot be there and have left")
    if me not in there or len({*there}) < needed:
        raise Refusal(f"{len({*there})} nodes are in the sum, and it takes {needed}, with this one")
