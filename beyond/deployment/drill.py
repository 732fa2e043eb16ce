"""A deployment whose processes can be killed: what the drills of kill_drills.py are made of."""

import re
import time
from pathlib import Path

import psutil

from beyond.deployment.services import start_node, start_superexec
from beyond.engine.bundle import unpack_app
from beyond.simulation.app_run import write_run_config
from beyond.simulation.private_flower import SUPERLINK
from support.argument_types import host_and_port
from support.command_line import RunError
from support.tables import read_history

PATIENCE = 300.0  # seconds in which a round has to end, whatever happens
SERVER_APP = "flwr-serverapp"


class Drill:
    """A deployment whose processes can be killed, and the rounds that it has finished."""

    def __init__(self, flower, args, variant):
        self.flower = flower
        self.args = args
        self.port = host_and_port(args.address)[1]
        self.began = time.time()
        self.rounds_told = 0
        self.start_superlink()
        # Here the ServerApp is not SuperLink's child, and so outlives it.
        flower.start(
            *("flower-superexec", "--insecure", "--runtime-api-address", args.address),
            log="server_superexec.log",
        )
        reach = ["--superlink", args.address, "--insecure"]
        nodes = range(args.clients)
        self.addresses = [start_node(flower, number, reach, args) for number in nodes]
        self.last_node = flower.processes[-1]
        self.start_superexec()
        self.app = unpack_app(flower.home / "app", **variant)

    def start_superlink(self):
        """Start SuperLink with what is in its database."""
        database = ("--database", self.flower.home / "superlink.db")
        words = ("--insecure", "--isolation", "process", *database)
        self.flower.superlink(*words, port=self.port)
        self.superlink = self.flower.processes[-1]

    def start_superexec(self):
        """Start the SuperExec that serves all SuperNodes."""
        self.superexec = start_superexec(self.flower, self.addresses, self.args)

    def submit(self, **changes):
        """Submit the run."""
        config = write_run_config(self.flower.home, self.args, parallel_clients=None, **changes)
        self.flower.cli("run", self.app, SUPERLINK, "--run-config", config)

    def tell_rounds(self, last):
        """Print the rounds as they are finished, up to the `last`. Raises RunError if none comes any more."""
        deadline = time.monotonic() + PATIENCE
        while self.rounds_told <= last:
            if time.monotonic() > deadline:
                raise RunError(f"no round for {PATIENCE:.0f} s; {self.flower.logs}/ may say why")
            for row in self._news():
                print(
                    f"Round {row.round}: {row.clients} clients, {row.failures} failures, "
                    f"accuracy {row.accuracy:.2%}, {row.seconds:.0f} s",
                    flush=True,
                )
                self.rounds_told += 1
                deadline = time.monotonic() + PATIENCE
            time.sleep(0.1)

    def wait_for_message(self, number):
        """Return when the last node is sent its message with this number, from 1, of the round under way."""
        log = self.flower.logs / f"node_{self.args.clients - 1}.log"
        message = re.compile(rf"ROUND {self.rounds_told}\]\n.*Receiving: train")
        deadline = time.monotonic() + PATIENCE
        while len(message.findall(log.read_text(encoding="utf-8"))) < number:
            if time.monotonic() > deadline:
                raise RunError(f"no client trains; {self.flower.logs}/ may say why")
            time.sleep(0.05)

    def _news(self):
        file = Path(self.args.run, "history.csv")
        if not file.exists() or file.stat().st_mtime < self.began:
            return []  # there is none yet, or an earlier one
        return read_history(self.args.run)[self.rounds_told :]

    def client_app(self):
        """Return the process of a ClientApp that is at work."""
        deadline = time.monotonic() + PATIENCE
        while not (forks := self.superexec.children()):
            if time.monotonic() > deadline:
                raise RunError(f"no client trains; {self.flower.logs}/ may say why")
            time.sleep(0.02)
        return forks[0]

    def server_app(self):
        """Return the process of the ServerApp."""
        for process in psutil.process_iter():
            try:
                if SERVER_APP in " ".join(process.cmdline()[:2]) and self._is_ours(process):
                    return process
            except psutil.Error:
                continue
        raise RunError("there is no ServerApp")

    def _is_ours(self, process):
        return process.environ().get("FLWR_HOME") == str(self.flower.home)
