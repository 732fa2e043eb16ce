"""Take ClientApps' tasks from SuperNodes' Runtime APIs and run each in a fork of this process.

Flower's internal modules are imported from here, after superexec.py has looked at Flower's version.
"""

import gc
import multiprocessing
from multiprocessing.connection import wait
from pathlib import Path

import httpx
from flwr.proto.runtime_pb2 import AcquireTaskRequest
from flwr.supercore.constant import TaskType

from beyond.deployment.client_task import ClientTask
from beyond.deployment.runtime_api import runtime_client
from support import preload
from support.command_line import UserError
from support.processes import stop_all

assert preload.torch  # is what every task finds in place

REFUSALS = (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN)


class TaskServer:
    """Asks address after address for a task while there is room for one, and starts what it is given.

    `args` are superexec.py's options.
    """

    def __init__(self, args):
        self.args = args
        self.root = Path(args.root_certificates).read_bytes() if args.root_certificates else None
        self.fork = multiprocessing.get_context("fork")
        self.tasks = []  # those whose processes run
        self.troubles = {}  # address -> what was wrong there when it was last asked
        secret = args.superexec_auth_secret_file
        secret = Path(secret).read_bytes() if secret else None
        self.clients = {
            address: runtime_client(address, self.root, secret)
            for address in args.runtime_api_address
        }

    def serve(self):
        """Serve until a signal comes. Raises UserError if an address refuses us."""
        gc.freeze()  # what is here stays, and a page that no process writes to is shared
        try:
            while True:
                for address in self.clients:
                    if self._has_room():
                        self._ask(address)
                # A task that ends makes room at once; else there may be something new after a while.
                wait([task.process.sentinel for task in self.tasks], self.args.poll)
        finally:
            stop_all([task.process for task in self.tasks])
            self._has_room()

    def _has_room(self):
        """Return whether another task can be done, after a look at who has ended."""
        for task in [task for task in self.tasks if not task.process.is_alive()]:
            self.tasks.remove(task)
            task.finish()
        return len(self.tasks) < self.args.parallel_clients

    def _ask(self, address):
        """Ask for a task and start it, if there is one."""
        request = AcquireTaskRequest(supported_task_types=[TaskType.CLIENT_APP])
        try:
            answer = self.clients[address].AcquireTask(request)
        except httpx.HTTPError as error:  # no server is there yet, say, or not any more
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
        try:
            task = ClientTask(address, self.root, token)
        except httpx.HTTPError as error:  # the SuperNode has gone meanwhile, and its task with it
            print(f"A task of {address} is lost: {error}", flush=True)
            return
        task.start(self.fork, self.args.insecure, self.root)
        self.tasks.append(task)
