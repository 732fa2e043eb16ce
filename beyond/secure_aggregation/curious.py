"""A curious server: it does all that it should, and keeps what it is sent, for the page to show.

In round 1 it writes two files to the directory of the run: held.npz, what it holds of every client's update,
and secagg_bytes.csv, how many bytes went each way in each stage of the protocol.
"""

from functools import partial
from pathlib import Path

import numpy as np
from flwr.common.secure_aggregation.secaggplus_constants import RECORD_KEY_CONFIGS, Key, Stage
from flwr.common.serde import recorddict_to_proto
from flwr.server.workflow.constant import MAIN_CONFIGS_RECORD
from flwr.server.workflow.constant import Key as RoundKey
from flwr.serverapp import ServerApp

from beyond.secure_aggregation.app import run
from beyond.secure_aggregation.server import Workflow, make_workflow, masked_arrays
from support.files import replaced_file
from support.identity import number_of
from support.tables import write_table

BYTES = "secagg_bytes.csv"
COLUMNS = {"stage": str, "asked": int, "replies": int, "bytes_sent": int, "bytes_received": int}


class CuriousWorkflow(Workflow):
    """Our workflow, which writes down what passes in round 1."""

    def __call__(self, grid, context):
        """Run the round."""
        if context.state[MAIN_CONFIGS_RECORD][RoundKey.CURRENT_ROUND] != 1:
            super().__call__(grid, context)
            return
        watch = Watch(grid)
        super().__call__(watch, context)
        write_held(self.directory, watch.masked, self.clients)
        write_table(Path(self.directory, BYTES), COLUMNS, watch.rows)

    def collect_masked_vectors_stage(self, grid, context, state):
        """Note which node is which client."""
        self.clients = state.nid_to_proxies
        return super().collect_masked_vectors_stage(grid, context, state)


class Watch:
    """Passes messages on to `grid`, counts their bytes, and keeps the replies that hold masked updates."""

    def __init__(self, grid):
        self.grid = grid
        self.rows = []
        self.masked = []

    def send_and_receive(self, messages, *, timeout=None):
        """Return the replies."""
        messages = list(messages)
        stage = messages[0].content.config_records[RECORD_KEY_CONFIGS][Key.STAGE]
        sent = sum(size_of(message) for message in messages)
        replies = [
            reply
            for reply in self.grid.send_and_receive(messages, timeout=timeout)
            if reply.has_content()
        ]
        received = sum(map(size_of, replies))
        self.rows.append([stage, len(messages), len(replies), sent, received])
        if stage == Stage.COLLECT_MASKED_VECTORS:
            self.masked = replies
        return replies


def size_of(message):
    """Return the size in bytes of what a message carries, as protobuf, before it is packed."""
    return recorddict_to_proto(message.content).ByteSize()


def write_held(directory, replies, clients):
    """Write masked updates to held.npz: the arrays client_K_0 (its weight), client_K_1, ..., int64."""
    arrays = {}
    for reply in replies:
        number = number_of(clients[reply.metadata.src_node_id])
        for position, array in enumerate(masked_arrays(reply)):
            arrays[f"client_{number}_{position}"] = array
    with replaced_file(Path(directory, "held.npz")) as file:
        np.savez(file, **arrays)


def read_held(directory):
    """Return {client: list of int64 arrays} from held.npz, the weights' shapes after one of shape (1,)."""
    held = {}
    with np.load(Path(directory, "held.npz"), allow_pickle=False) as file:
        for name in file.files:
            number = int(name.split("_")[1])
            held.setdefault(number, []).append(file[name])
    return dict(sorted(held.items()))


def make_curious_workflow(args, timeout):
    """Return the CuriousWorkflow that `args` ask for."""
    workflow = make_workflow(args, timeout, CuriousWorkflow)
    workflow.directory = args.run
    return workflow


server_app = ServerApp()
server_app.main()(partial(run, make_workflow=make_curious_workflow))
