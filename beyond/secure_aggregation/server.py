"""Rounds of secure aggregation: Flower's SecAgg+ instead of Flower's own way to ask for updates.

The protocol is Flower's (Bell et al. 2020, https://eprint.iacr.org/2020/704). We add what a federation of
many rounds needs: a client may leave at any time, and one that answers nonsense costs at most a round.
"""

import numpy as np
from flwr.app import ConfigRecord, Context, RecordDict
from flwr.common import bytes_to_ndarray, parameters_to_ndarrays
from flwr.common.secure_aggregation.secaggplus_constants import RECORD_KEY_CONFIGS, Key
from flwr.compat.common.recorddict_compat import (
    arrayrecord_to_parameters,
    parameters_to_arrayrecord,
)
from flwr.server import Server
from flwr.server.compat import LegacyContext
from flwr.server.workflow import SecAggPlusWorkflow
from flwr.server.workflow.constant import MAIN_CONFIGS_RECORD, MAIN_PARAMS_RECORD
from flwr.server.workflow.constant import Key as RoundKey

from beyond.secure_aggregation.careful_client import REFUSED
from beyond.secure_aggregation.masked_updates import REFUSED_ROUND
from beyond.secure_aggregation.shares import CLIPPING, INTEGERS, MODULUS, fewest_members, threshold
from support.identity import name_of
from support.robust_server import RobustServer
from support.terminal import say

# What the bytes of a stranger can raise in Flower's workflow.
NONSENSE = (ValueError, TypeError, KeyError, IndexError, AttributeError, AssertionError)


class SecAggServer(Server):
    """A Flower Server whose rounds are SecAgg+; `begin_with` tells it how, before it begins."""

    def begin_with(self, grid, make_workflow):
        """Take the Grid that reaches the nodes, and what makes a SecAggPlusWorkflow from a timeout (s)."""
        self.grid = grid
        self.make_workflow = make_workflow

    def fit_round(self, server_round, timeout):
        """Run the stages of the protocol; `timeout` is for each. What fails leaves the model as it was."""
        context = self._context(server_round)
        try:
            self.make_workflow(timeout)(self.grid, context)
        except NONSENSE as error:
            reason = f"{type(error).__name__}: {error}"
            say(f"Round {round_of(context)}: secure aggregation has failed ({reason})")
        arrays = context.state.array_records[MAIN_PARAMS_RECORD]
        return arrayrecord_to_parameters(arrays, keep_input=True), {}, ([], [])

    def _context(self, server_round):
        """Return what Flower's workflows work on, with this round's number and the global model in it."""
        state = RecordDict()
        state[MAIN_CONFIGS_RECORD] = ConfigRecord({RoundKey.CURRENT_ROUND: server_round})
        state[MAIN_PARAMS_RECORD] = parameters_to_arrayrecord(self.parameters, keep_input=True)
        run = self.grid.run.run_id
        context = Context(run_id=run, node_id=0, node_config={}, state=state, run_config={})
        clients = self.client_manager()
        return LegacyContext(context, strategy=self.strategy, client_manager=clients)


class SecureServer(RobustServer, SecAggServer):
    """RobustServer, which calls the roll and ends well, with SecAggServer's rounds."""


class Workflow(SecAggPlusWorkflow):
    """Flower's SecAgg+, which also does without clients that leave before their masks are in a sum.

    Flower 1.42 asks for shares of all clients that have not sent a masked update, also of those that had left
    before they handed out any: then no client can answer, and the round is lost.
    """

    def __call__(self, grid, context):
        """Run the round, and say why a client refuses it."""
        super().__call__(Listening(grid, context), context)

    def setup_stage(self, grid, context, state):
        """Collect public keys, and make groups of those who have sent theirs."""
        super().setup_stage(grid, context, state)  # its verdict is about the old groups
        # In Flower's shuffled order: who is in whose group is chance.
        there = [node for node in state.nid_to_neighbours if node in state.active_node_ids]
        return self._go_on_with(groups(there, state.num_shares), context, state)

    def share_keys_stage(self, grid, context, state):
        """Let clients hand out shares, and take those that did not out of the groups."""
        super().share_keys_stage(grid, context, state)
        there = state.active_node_ids
        neighbours = {node: state.nid_to_neighbours[node] & there for node in there}
        return self._go_on_with(neighbours, context, state)

    def _go_on_with(self, neighbours, context, state):
        """Go on with the nodes in {node: its group} only; return whether the groups are large enough."""
        state.nid_to_neighbours, state.sampled_node_ids = neighbours, set(neighbours)
        smallest = min(map(len, neighbours.values()), default=0)
        return told(smallest >= fewest_members(state.threshold), context)

    def collect_masked_vectors_stage(self, grid, context, state):
        """Collect masked updates of the right shapes; a client that sends others counts as gone."""
        record = context.state.array_records[MAIN_PARAMS_RECORD]
        weights = parameters_to_ndarrays(arrayrecord_to_parameters(record, keep_input=True))
        shapes = [(1,), *(array.shape for array in weights)]  # the client's weight comes first
        sound = SoundReplies(grid, shapes, state.nid_to_proxies)
        return told(super().collect_masked_vectors_stage(sound, context, state), context)

    def unmask_stage(self, grid, context, state):
        """Open the sum, if enough clients hand out their shares."""
        return told(super().unmask_stage(grid, context, state), context)


def told(are_enough, context):
    """Return `are_enough`, and say what becomes of the round if it is false."""
    if not are_enough:
        line = "too few clients are left in a group; the model stays as it was"
        say(f"Round {round_of(context)}: {line}")
    return are_enough


def round_of(context):
    """Return the number of the round in Flower's `context`, counted from the beginning of the run."""
    return context.state[MAIN_CONFIGS_RECORD][RoundKey.CURRENT_ROUND]


def groups(nodes, shares):
    """Return {node: its group, a set}: on the ring `nodes`, itself and half of `shares` to each side."""
    half = shares // 2
    around = range(-half, half + 1)
    return {
        node: {nodes[(place + step) % len(nodes)] for step in around}
        for place, node in enumerate(nodes)
    }


def make_workflow(args, timeout, kind=Workflow):
    """Return the workflow that `args` ask for, with `timeout` seconds for each of its stages."""
    return kind(
        args.shares,
        threshold(args.shares),
        max_weight=float(args.max_examples_per_client),
        clipping_range=CLIPPING,
        quantization_range=INTEGERS,
        modulus_range=MODULUS,
        timeout=timeout,
    )


class Listening:
    """Passes messages on to `grid`; says and notes which client refuses, and why."""

    def __init__(self, grid, context):
        self.grid = grid
        self.number = round_of(context)
        self.clients = {client.node_id: client for client in context.client_manager.all().values()}

    def send_and_receive(self, messages, *, timeout=None):
        """Return the replies."""
        replies = list(self.grid.send_and_receive(messages, timeout=timeout))
        for reply in replies:
            if reply.has_error() and (found := REFUSED.search(reply.error.reason)):
                client = self.clients[reply.metadata.src_node_id]
                client.properties[REFUSED_ROUND] = self.number
                say(f"Round {self.number}: {name_of(client)} refuses: {found[1]}")
        return replies


class SoundReplies:
    """Passes messages on to `grid`, and passes back only masked updates that can be added to others."""

    def __init__(self, grid, shapes, clients):
        """`shapes` are those of the arrays, `clients` is {identifier of a node: its ClientProxy}."""
        self.grid = grid
        self.shapes = shapes
        self.clients = clients

    def send_and_receive(self, messages, *, timeout=None):
        """Return the replies without those that hold no masked update, or one of another model."""
        replies = self.grid.send_and_receive(messages, timeout=timeout)
        return [reply for reply in replies if reply.has_error() or self._is_sound(reply)]

    def _is_sound(self, reply):
        try:
            arrays = masked_arrays(reply)
            is_sound = [array.shape for array in arrays] == self.shapes
            is_sound = is_sound and all(array.dtype == np.int64 for array in arrays)
        except Exception:  # whatever it is: the bytes are a stranger's
            is_sound = False
        if not is_sound:
            say(
                f"Left out what {name_of(self.clients[reply.metadata.src_node_id])} has masked: bad shapes"
            )
        return is_sound


def masked_arrays(reply):
    """Return the masked integers in a node's reply: its weight, int64 (1,), and its weights, int64."""
    masked = reply.content.config_records[RECORD_KEY_CONFIGS][Key.MASKED_PARAMETERS]
    return [bytes_to_ndarray(content) for content in masked]
