"""One task of a SuperNode, and an answer to it when the ClientApp that had it cannot give one.

A SuperNode takes no other message until this one is answered. Flower's ClientApp, when asked to end, leaves
it unanswered for ever; for one that was killed the SuperNode answers, after 60 s without a heartbeat.
"""

import contextlib
import os
import shutil
import tempfile
from functools import partial
from pathlib import Path

import httpx
from flwr.app import Error, Message
from flwr.common.constant import ErrorCode, SubStatus
from flwr.common.serde import message_from_proto
from flwr.proto.message_pb2 import ConfirmMessageReceivedRequest
from flwr.proto.node_pb2 import Node
from flwr.proto.runtime_pb2 import PullAppMessagesRequest, PullTaskInputRequest
from flwr.supercore.utils import get_flwr_home
from flwr.supernode.runtime import run_clientapp

from beyond.deployment.runtime_api import runtime_client
from support.processes import ending

# Seconds in which all parts of a message have to arrive, and before the first is asked for again: a server
# that was killed while it sent has parts that never come, and Flower would wait two hours for them.
PATIENCE = {"max_time": 30.0, "initial_backoff": 0.1}
pull_parts = partial(run_clientapp.pull_and_inflate_object_from_tree, **PATIENCE)
pull_task_input = run_clientapp.pull_task_input
push_message, push_task_output = run_clientapp.push_message, run_clientapp.push_task_output


class ClientTask:
    """A task: what it is about, a Flower home of its own, the process that does it.

    Flower unpacks an app to its home, and runs what it finds there already: in a home that tasks share, one
    could leave code for the next.
    """

    def __init__(self, address, root, token):
        self.address = address
        self.token = token
        self.client = runtime_client(address, root, token=token)
        self.input = self.client.PullTaskInput(PullTaskInputRequest())
        # A message can be pulled once. We keep who has sent it, because we may have to answer.
        self.messages = self.client.PullMessages(PullAppMessagesRequest())
        folder = get_flwr_home() / "superexec"
        folder.mkdir(parents=True, exist_ok=True)
        self.home = Path(tempfile.mkdtemp(dir=folder))

    def start(self, context, insecure, root):
        """Do the task in a fork, which ends when we do. `context` is multiprocessing's."""
        words = (insecure, root, os.getpid())
        self.process = context.Process(target=self._run, args=words, daemon=True)
        self.process.start()

    def finish(self):
        """Clear up after the process, which has ended; say so and answer if it has not answered."""
        how = ending(self.process.exitcode)
        if self._fail(self.client, f"the process of its ClientApp {how}"):
            print(f"A ClientApp of the SuperNode at {self.address} {how}", flush=True)
        self.client.close()
        shutil.rmtree(self.home, ignore_errors=True)

    def _run(self, insecure, root, parent):
        """Do what flwr-clientapp does, in this process."""
        os.environ["FLWR_HOME"] = str(self.home)
        run_clientapp.pull_and_inflate_object_from_tree = pull_parts
        run_clientapp.pull_task_input = lambda client: pull_task_input(_Pulled(client, self))
        run_clientapp.push_message = self._answer
        run_clientapp.push_task_output = self._end
        self.is_answered = False
        run_clientapp.run_clientapp(self.address, self.token, insecure, root, parent)

    def _answer(self, *words):
        push_message(*words)
        self.is_answered = True

    def _end(self, client, context, sub_status, details):
        """End the task, as Flower does; answer first if a signal came before the ClientApp answered."""
        if self.is_answered:
            push_task_output(client, context, sub_status, details)
        else:
            self._fail(client, "its ClientApp was ended")

    def _fail(self, client, reason):
        """Answer that there is no update, and end the task; return whether it was still unanswered."""
        # If the SuperNode or the token is gone, all is answered.
        with contextlib.suppress(httpx.HTTPError):
            for asked in self.messages.messages_list:
                reply = Message(
                    Error(ErrorCode.CLIENT_APP_CRASHED, reason), reply_to=message_from_proto(asked)
                )
                push_message(client, reply, self.input.context)
                self._let_go_of(client, asked)
            push_task_output(client, None, SubStatus.FAILED, reason)
            return True
        return False

    def _let_go_of(self, client, message):
        """Let the SuperNode forget the parts of a message that will not be fetched."""
        context = self.input.context
        client.ConfirmMessageReceived(
            ConfirmMessageReceivedRequest(
                node=Node(node_id=context.node_id),
                run_id=context.run_id,
                message_object_id=message.metadata.message_id,
            )
        )


class _Pulled:
    """A client of the Runtime API that knows what has been pulled for a task."""

    def __init__(self, client, task):
        self.client = client
        self.PullTaskInput = lambda request: task.input
        self.PullMessages = lambda request: task.messages

    def __getattr__(self, name):
        return getattr(self.client, name)
