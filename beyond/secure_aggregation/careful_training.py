"""What a client of secure aggregation does not train, and what it does not mask.

Masks hide one update among others. A server that keeps all rules of the protocol can make sure that there are
none: it tells the others to learn nothing, or asks for a round twice, once without its victim (Pasquini et
al. 2021, https://arxiv.org/abs/2111.07380). What is refused here stops accidents and the crudest servers, and
is no guarantee: the page shows what gets round it.
"""

from argparse import ArgumentTypeError

import numpy as np
from flwr.app import ConfigRecord
from flwr.app.message_type import MessageType
from flwr.common import parameters_to_ndarrays
from flwr.common.secure_aggregation.secaggplus_constants import RECORD_KEY_STATE
from flwr.compat.common.recorddict_compat import recorddict_to_fitins, recorddict_to_fitres

from beyond.secure_aggregation.careful_client import Refusal
from beyond.secure_aggregation.shares import CLIPPING, STEP
from model import make_model
from support.argument_types import positive_float, positive_int

KINDS = {
    "server_round": positive_int,
    "learning_rate": positive_float,
    "local_epochs": positive_int,
    "batch_size": positive_int,
}
ANSWERED = (
    "answered"  # the record in the node's Context, and what it holds: the last round's number
)


def careful_training_mod(message, context, call_next):
    """Fail, as a Flower mod inside Flower's secaggplus_mod, where an update would hide no other."""
    if message.metadata.message_type != MessageType.TRAIN:
        return call_next(message, context)
    asked = recorddict_to_fitins(message.content, keep_input=True)
    check_instructions(asked.config)
    check_round(asked.config["server_round"], context.state)
    reply = call_next(message, context)
    result = recorddict_to_fitres(reply.content, keep_input=True)
    weights = map(parameters_to_ndarrays, (asked.parameters, result.parameters))
    most_examples = context.state.config_records[RECORD_KEY_STATE]["max_weight"]
    check_update(*weights, result.num_examples / most_examples)
    context.state.config_records[ANSWERED] = ConfigRecord({ANSWERED: asked.config["server_round"]})
    return reply


def check_instructions(config):
    """Raise Refusal if `config` holds what server.py's own options do not allow, such as no epoch."""
    for name, kind in KINDS.items():
        try:
            kind(str(config.get(name)))
        except ArgumentTypeError:
            said = f"{name} {config.get(name)}"
            raise Refusal(f"with {said} this client would learn nothing") from None


def check_round(number, state):
    """Raise Refusal if the round `number`, or a later one, was answered in this run already.

    Training is deterministic: of one round with two memberships the sums differ by one client's update. The
    `state` of a node's Context outlives a ClientApp's process. It does not outlive the node, or the run.
    """
    last = state.config_records.get(ANSWERED, {}).get(ANSWERED, 0)
    if number <= last:
        raise Refusal(f"round {number} was answered already, for the last one was {last}")


def check_update(sent, trained, part):
    """Raise Refusal if weights have learned nothing, or if they or statistics are too large to be masked.

    `sent` and `trained` are lists of arrays, `part` is what they are multiplied by. Integers, which count
    batches, are not looked at: in the average, where a client's part of them is less than 1, they are 0.
    """
    model = make_model()
    # What is no parameter, such as a running mean, moves at any learning rate.
    learning = dict(model.named_parameters())
    arrays = zip(model.state_dict(), sent, trained, strict=True)
    moved = [np.abs(new - old).max(initial=0) for name, old, new in arrays if name in learning]
    floats = [array for array in trained if array.dtype.kind == "f"]
    largest = np.max([np.abs(array).max(initial=0) for array in floats])  # NaN, if there is one
    if not largest * part <= CLIPPING:
        raise Refusal(
            f"a weight or statistic of {largest:.3g} would be cut off at {CLIPPING / part:.3g} (a smaller "
            "--learning-rate, scaled data or a larger --max-examples-per-client may help)"
        )
    if max(moved) * part < STEP:
        raise Refusal(
            "with these instructions and this model this client has learned nothing that rounding leaves "
            "(a --max-examples-per-client nearer to what clients have may help)"
        )
