"""Runs of the app's ServerApps in this process, with its ClientApps as nodes and a few real images."""

import threading
import tomllib

import numpy as np
from flwr.app import Context, Error, Message, RecordDict
from flwr.common.serde import message_from_proto, message_to_proto
from flwr.serverapp import Grid
from flwr.supercore.run import Run
from flwr.supercore.task_identity import TaskIdentity

from tests.support.harness import ROOT
from tests.support.small import write_partitions

RUN = 7
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
CONFIG = PROJECT["tool"]["flwr"]["app"]["config"]


class AppRuns:
    """Runs apps in `directory`, which becomes the current one; clients own `sizes` images."""

    def __init__(self, monkeypatch, mnist, directory, sizes):
        monkeypatch.chdir(directory)
        for name in ("_task_id", "_run_id", "_node_id"):  # Flower sets them for its process
            monkeypatch.setattr(TaskIdentity, name, RUN)
        write_partitions(directory, mnist, sizes, test_size=200)
        self.directory = directory
        self.sizes = sizes

    def run(self, serve, client_app, answer_last=(), **entries):
        """Let `serve(grid, context)` run two rounds; return (global model, the Nodes).

        `entries` change the run config.
        """
        config = {**CONFIG, "clients": len(self.sizes), "rounds": 2, "batch-size": 8}
        config |= {"run": "results/run"}
        config |= {name.replace("_", "-"): value for name, value in entries.items()}
        contexts = {}
        for number in range(len(self.sizes)):
            own = {"partition-id": number, "folder": str(self.directory / "partitions")}
            contexts[1000 + number] = Context(RUN, 1000 + number, own, RecordDict(), config)
        nodes = Nodes(client_app, contexts, answer_last)
        serve(nodes, Context(RUN, 0, {}, RecordDict(), config))
        with np.load(self.directory / config["run"] / "global_model.npz") as file:
            return list(file.values()), nodes


class Nodes(Grid):
    """A Grid to `nodes` {number: Context} in this process, which all run `client_app`.

    A node keeps its Context from message to message, as Flower's nodes do. Messages in both directions are
    kept in `passed`, as (message, reply). `answer_last` are those who answer after the others.
    """

    run = Run.create_empty(RUN)

    def __init__(self, client_app, nodes, answer_last):
        self.client_app, self.nodes, self.answer_last = client_app, nodes, answer_last
        self.lock = threading.Lock()  # the roll call asks from several threads
        self.passed, self.replies = [], {}

    def send_and_receive(self, messages, *, timeout=None):
        return self.pull_messages(self.push_messages(messages))

    def push_messages(self, messages):
        """Let the nodes answer; return the messages' identifiers."""
        with self.lock:
            return [self._push(message) for message in messages]

    def pull_messages(self, message_ids):
        """Return the replies to these messages, each once."""
        found = [self.replies.pop(name) for name in message_ids if name in self.replies]
        return sorted(found, key=lambda reply: reply.metadata.src_node_id in self.answer_last)

    def _push(self, message):
        identifier = message.metadata.__dict__["_message_id"] = str(len(self.passed))
        reply = on_the_wire(self._answer(on_the_wire(message)))
        self.passed.append((message, reply))
        self.replies[identifier] = reply
        return identifier

    def _answer(self, message):
        try:
            return self.client_app(message, self.nodes[message.metadata.dst_node_id])
        except Exception as error:  # what a node raises, Flower sends as an error
            return Message(Error(code=0, reason=repr(error)), reply_to=message)

    def get_node_ids(self):
        return list(self.nodes)

    get_nodes = set_run = create_message = None  # asked by nobody


def on_the_wire(message):
    """Return what arrives of a message: no two nodes share an object."""
    return message_from_proto(message_to_proto(message))
