"""What becomes of a deployment when one of its processes is killed: four drills, with real kill -9.

    python -m beyond.engine.faults node         # a SuperNode, in the middle of a round
    python -m beyond.engine.faults masked       # the same in a round of secure aggregation
    python -m beyond.engine.faults superlink    # SuperLink, which is started again with its --database
    python -m beyond.engine.faults serverapp    # the ServerApp; a new run goes on with resume=true

It prints every round with its seconds. Everything runs on loopback and ends with the command.
"""

from support.argument_types import address
from support.command_line import OneLineParser, RunError, UserError, run_command
from support.history import read_history
from support.options import enough_clients, partition_options

import re
import time
from pathlib import Path

import psutil

from beyond.engine.app_run import write_run_config
from beyond.engine.bundle import unpack_app
from beyond.engine.deployment import check_deployment
from beyond.engine.private_flower import SUPERLINK, PrivateFlower
from beyond.engine.run_config import run_parents
from beyond.engine.secagg_app import components
from beyond.engine.secagg_shares import FEWEST, check_shares
from beyond.engine.services import fresh_logs, start_node, start_superexec
from beyond.engine.simulation import make_partitions

STRUCK_AFTER = 2  # the round that is finished when something is killed
PATIENCE = 300.0  # seconds in which a round has to end, whatever happens
MASKING = 3  # the message of a secure round that a client answers with its masked update
SERVER_APP = "flwr-serverapp"


class Drill:
    """A deployment whose processes can be killed, and the rounds that it has finished."""

    def __init__(self, flower, args, variant):
        self.flower = flower
        self.args = args
        self.port = args.address.rpartition(":")[2]
        self.began = time.time()
        self.rounds_told = 0
        self.start_superlink()
        # The ServerApp is no child of SuperLink's here, and so it outlives it.
        flower.start(
            *("flower-superexec", "--insecure", "--runtime-api-address", args.address),
            log="server_superexec.log",
        )
        reach = ["--superlink", args.address, "--insecure"]
        addresses = [start_node(flower, number, reach, args) for number in range(args.clients)]
        self.last_node = flower.processes[-1]
        start_superexec(flower, addresses, args)
        self.app = unpack_app(flower.home / "app", **variant)

    def start_superlink(self):
        """Start SuperLink with what is in its database."""
        database = ("--database", self.flower.home / "superlink.db")
        words = ("--insecure", "--isolation", "process", *database)
        self.flower.superlink(*words, port=self.port)
        self.superlink = self.flower.processes[-1]

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
        while len(message.findall(log.read_text())) < number:
            if time.monotonic() > deadline:
                raise RunError(f"nobody trains; {self.flower.logs}/ may say why")
            time.sleep(0.05)

    def _news(self):
        file = Path(self.args.run, "history.csv")
        if not file.exists() or file.stat().st_mtime < self.began:
            return []  # there is none yet, or an earlier one
        return read_history(self.args.run)[self.rounds_told :]

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


def kill_node(drill):
    """Kill the last SuperNode."""
    drill.last_node.kill()
    print(f"-- SuperNode {drill.args.clients - 1} is killed")


def kill_superlink(drill):
    """Kill SuperLink and start it again."""
    drill.superlink.kill()
    drill.superlink.wait()
    print("-- SuperLink is killed", flush=True)
    began = time.monotonic()
    drill.start_superlink()
    print(f"-- SuperLink answers again, {time.monotonic() - began:.0f} s later, with its database")


def kill_server_app(drill):
    """Kill the ServerApp and submit the run again."""
    process = drill.server_app()
    process.kill()
    print("-- the ServerApp is killed")
    drill.submit(resume=True)
    print("-- the run is submitted again, with resume=true")


DRILLS = {
    "node": kill_node,
    "masked": kill_node,
    "superlink": kill_superlink,
    "serverapp": kill_server_app,
}


def secure_variant(args):
    """Return what makes the app a secure one. Raises UserError if the clients are too few to lose one."""
    if args.clients <= FEWEST:
        raise UserError(
            f"without one of {args.clients} clients no masks are made; change --clients"
        )
    args.shares = None
    check_shares(args)
    return components(args.shares)


def main(arguments=None):
    """Run the command line described above."""
    parents = [*run_parents("lesson"), partition_options()]
    parser = OneLineParser("beyond.engine.faults", __doc__, parents)
    parser.set_defaults(run="results/drill", certificates=None, proxy=False, stock=False)
    parser.add_argument("what", choices=DRILLS, help="what is killed")
    parser.add_argument("--address", type=address, default="127.0.0.1:8000", help="SuperLink's")
    args = parser.parse_args(arguments)
    check_deployment(args)
    enough_clients(args)
    variant = secure_variant(args) if args.what == "masked" else {}
    make_partitions(args)
    logs = fresh_logs(args.run)
    with PrivateFlower(logs) as flower:
        drill = Drill(flower, args, variant)
        drill.submit()
        drill.tell_rounds(STRUCK_AFTER)
        drill.wait_for_message(MASKING if variant else 1)
        DRILLS[args.what](drill)
        drill.tell_rounds(args.rounds)


if __name__ == "__main__":
    run_command(main, "beyond.engine.faults")
