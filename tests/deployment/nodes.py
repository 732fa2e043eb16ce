"""Flower's ServerApps and ClientApps with no process between them: a Grid whose nodes are in this one."""

import threading

from flwr.app import Context, Error, Message, RecordDict
from flwr.common.serde import message_from_proto, message_to_proto
from flwr.serverapp import Grid
from flwr.supercore.run import Run

RUN = 7


def on_the_wire(message):
    """Return what arrives of a message: no two nodes share an object."""
    return message_from_proto(message_to_proto(message))


class Nodes(Grid):
    """A Grid to `numbers`, the partitions of its nodes, which all run `client_app` on data in `folder`.

    A node keeps its Context from message to message, as Flower's nodes do. Messages in both directions are
    kept in `passed`, as (message, reply). `answer_last` are those who answer after the others.
    """

    def __init__(self, client_app, folder, numbers, run_config, answer_last=()):
        self.client_app = client_app
        self.lock = threading.Lock()  # the roll call asks from several threads
        self.answer_last = set(answer_last)
        self.passed = []
        self.replies = {}
        self.nodes = {
            1000 + number: Context(
                run_id=RUN,
                node_id=1000 + number,
                node_config={"partition-id": number, "folder": str(folder)},
                state=RecordDict(),
                run_config=run_config,
            )
            for number in numbers
        }

    def send_and_receive(self, messages, *, timeout=None):
        """Let the nodes answer one after the other; return their replies in that order."""
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
        context = self.nodes.get(message.metadata.dst_node_id)
        try:
            if context is None:
                raise ConnectionError("this node is gone")
            return self.client_app(message, context)
        except Exception as error:  # what a node raises, Flower sends as an error
            return Message(Error(code=0, reason=repr(error)), reply_to=message)

    def get_node_ids(self):
        """Return the identifiers of the nodes."""
        return list(self.nodes)

    def get_nodes(self):
        """Fail: nobody is to ask."""
        raise AssertionError("get_nodes was called")

    @property
    def run(self):
        """The run that messages belong to."""
        return Run.create_empty(RUN)

    def set_run(self, run):
        """There is one run only."""

    def create_message(self, *arguments, **options):
        """Fail: Flower has deprecated this."""
        raise AssertionError("create_message was called")
