"""Take ClientApps' tasks from SuperNodes' Runtime APIs and run each in a fork of this process.

All of Flower's internal modules are imported here, after superexec.py has looked at Flower's version.
"""

from support import preload
from support.command_line import UserError

import gc
import multiprocessing
import os
from functools import partial
from multiprocessing.connection import wait
from pathlib import Path

import httpx
from flwr.proto.runtime_pb2 import AcquireTaskRequest
from flwr.supercore.constant import TaskType
from flwr.supercore.utils import get_flwr_home
from flwr.supernode.runtime import run_clientapp

from beyond.engine.runtime_api import runtime_client

assert preload.torch  # is what every task finds in place

# Seconds in which all parts of a message have to be here, and before the first of them is asked for again.
PATIENCE = {"max_time": 30.0, "initial_backoff": 0.1}
REFUSALS = (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN)


class TaskServer:
    """Asks address after address for a task while there is room for one, and starts what it is given.

    `args` are superexec.py's options.
    """

    def __init__(self, args):
        self.args = args
        self.root = Path(args.root_certificates).read_bytes() if args.root_certificates else None
        self.fork = multiprocessing.get_context("fork")
        self.training = []  # processes
        self.troubles = {}  # address -> what was wrong there when it was last asked
        secret = args.superexec_auth_secret_file
        secret = Path(secret).read_bytes() if secret else None
        self.clients = {
            address: runtime_client(address, self.root, secret)
            for address in args.runtime_api_address
        }

    def serve(self):
        """Serve until a signal comes. Raises UserError if an address refuses us."""
        gc.freeze()  # what is here stays, and a page that nobody writes to is shared
        while True:
            for address in self.clients:
                if self._has_room():
                    self._ask(address)
            # Whoever ends makes room at once; else there may be something new after a while.
            wait([process.sentinel for process in self.training], self.args.poll)

    def _has_room(self):
        self.training = [process for process in self.training if process.is_alive()]
        return len(self.training) < self.args.parallel_clients

    def _ask(self, address):
        """Ask for a task and start it, if there is one."""
        request = AcquireTaskRequest(supported_task_types=[TaskType.CLIENT_APP])
        try:
            answer = self.clients[address].AcquireTask(request)
        except httpx.HTTPError as error:  # nobody is there yet, say, or not any more
            self._note(address, error)
            return
        self.troubles.pop(address, None)
        if answer.HasField("task") and answer.token:
            self._start(address, answer.token)

    def _note(self, address, error):
        """Say what is wrong at an address, once. Raises UserError for what will not mend itself."""
        response = getattr(error, "response", None)
        if response is not None and response.status_code in REFUSALS:
            raise UserError(
                f"{address} refuses this SuperExec; give both the same --superexec-auth-secret-file"
            )
        if "certificate" in str(error).lower():
            raise UserError(f"{address} is not to be trusted ({error}); check --root-certificates")
        if self.troubles.get(address) != str(error):
            self.troubles[address] = str(error)
            print(f"{address} has no tasks: {error}", flush=True)

    def _start(self, address, token):
        words = (address, token, self.args.insecure, self.root, os.getpid())
        process = self.fork.Process(target=run_task, args=words, daemon=True)
        process.start()
        self.training.append(process)


def run_task(address, token, insecure, root, parent):
    """Run one task in this process as flwr-clientapp would; it ends when `parent` does."""
    # Each address unpacks the app for itself: two that do so at once in one place disturb each other.
    os.environ["FLWR_HOME"] = str(get_flwr_home() / "superexec" / address.replace(":", "_"))
    # A server that was killed while it sent has parts that never come; Flower would wait two hours for them.
    pull = partial(run_clientapp.pull_and_inflate_object_from_tree, **PATIENCE)
    run_clientapp.pull_and_inflate_object_from_tree = pull
    run_clientapp.run_clientapp(address, token, insecure, root, parent)
