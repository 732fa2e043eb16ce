"""A federation of hosts that can only talk over a network: see network.py.

    make certificates HOSTS=,IP:10.89.0.1
    sudo .venv/bin/python -m beyond.access.hosts --certificates certificates

A server with SuperLink and nginx, two nodes with a partition each, and a stranger. It needs root.
"""

import re
import shutil
import sys
import time
from pathlib import Path

from beyond.access.network import LONG, Network
from beyond.deployment.keys import make_key
from beyond.deployment.proxy import find_nginx, prepare_proxy
from beyond.deployment.services import fresh_logs, secure_words
from beyond.engine.bundle import unpack_app
from beyond.engine.run_config import run_parents
from beyond.simulation.app_run import write_run_config
from beyond.simulation.federation import make_partitions
from beyond.simulation.private_flower import SUPERLINK, PrivateFlower
from support.certificates import server_certificates
from support.command_line import Options, RunError, UserError, parse_options, run_command
from support.options import partition_options

ADDRESSES = {
    "server": "10.89.0.1",
    "node 0": "10.89.0.2",
    "node 1": "10.89.0.3",
    "stranger": "10.89.0.4",
}
INSIDE, OUTSIDE = 8000, 9443  # ports of the server: SuperLink's on its loopback, nginx's
NODE = (sys.executable, "-m", "beyond.deployment.node")


def wait_for_line(flower, process, log, pattern):
    """Return the first match of `pattern` in a log. Raises RunError if the process ends without it."""
    deadline = time.monotonic() + LONG
    while not (found := re.search(pattern, (flower.logs / log).read_text(encoding="utf-8"))):
        if process.poll() is not None or time.monotonic() > deadline:
            raise RunError(f"no {pattern!r}; {flower.logs / log} may say why")
        time.sleep(0.05)
    return found


def start_server(network, folder):
    """Start SuperLink and nginx on the server."""
    flower, inside = network.flower, f"127.0.0.1:{INSIDE}"
    words = ("--host", "127.0.0.1", "--port", INSIDE, *secure_words(folder))
    superlink = network.start("server", "flower-superlink", *words, log="superlink.log")
    wait_for_line(flower, superlink, "superlink.log", "Uvicorn running")
    outside = f"{ADDRESSES['server']}:{OUTSIDE}"
    network.start("server", *prepare_proxy(flower, outside, inside, folder), log="nginx.log")
    flower.connect(inside, folder / "ca.pem")
    print(f"server    SuperLink listens on {inside}, nginx on {outside}")


def start_node(network, number, folder):
    """Register a key at the server, then start SuperNode and SuperExec on their own host."""
    flower, host = network.flower, f"node {number}"
    private, public = make_key(flower.home / "keys", f"node_{number}")
    words = ("flwr", "supernode", "register", public, SUPERLINK)
    status, said = network.said("server", *words, log=f"key_{number}.log")
    if status != 0:
        raise RunError(f"the key of {host} cannot be registered: {said.strip()}")
    reach = ("--superlink", f"{ADDRESSES['server']}:{OUTSIDE}", "--ca", folder / "ca.pem")
    words = (*NODE, *reach, "--key", private, "--partition-id", number)
    node = network.start(host, *words, log=f"node_{number}.log")
    wait_for_line(flower, node, f"node_{number}.log", "is in, with partition")
    print(f"{host}    SuperNode and SuperExec, with partition {number}", flush=True)


def run_rounds(network, args):
    """Submit the run on the server, and print its rounds."""
    config = write_run_config(network.flower.home, args, parallel_clients=None)
    app = unpack_app(network.flower.home / "app")
    words = ("flwr", "run", app, SUPERLINK, "--stream", "--run-config", config)
    patience = args.rounds * args.round_timeout + LONG
    _, said = network.said("server", *words, log="flwr_run.log", patience=patience)
    told = re.findall(r"^(?:Client|Round).*$", said, re.MULTILINE)
    if not any(line.startswith(f"Round {args.rounds:>2} of") for line in told):
        raise RunError(f"the run has failed; {network.flower.logs}/flwr_run.log says why")
    for line in told:
        print(f"server    {line}")


def let_the_stranger_try(network, folder):
    """Let the stranger try SuperLink's port, and what is left at nginx's."""
    flower, server = network.flower, ADDRESSES["server"]
    _, public = make_key(flower.home / "keys", "stranger")
    for port in (INSIDE, OUTSIDE):
        flower.connect(f"{server}:{port}", folder / "ca.pem")
        words = ("flwr", "supernode", "register", public, SUPERLINK)
        status, said = network.said("stranger", *words, log=f"stranger_{port}.log")
        print(f"stranger  flwr supernode register, at {server}:{port}: {describe(status, said)}")


def describe(status, said):
    """Return in a few words how a command of Flower's has ended."""
    if status == 0:
        return "registered"
    if "/Status/403" in said:
        return "403 Forbidden"
    return "no connection" if "is unavailable" in said else said.strip().splitlines()[-1]


def check(args):
    """Raise UserError if this cannot do what is asked, or something that it needs is missing."""
    server_certificates(args.certificates)
    if args.clients > 2:
        raise UserError(f"there are two hosts for nodes, not {args.clients}; use --clients 2")
    for tool in ("ip", "unshare", "nsenter"):
        if not shutil.which(tool):
            raise UserError(f"{tool} is missing; it comes with Linux's iproute2 and util-linux")
    find_nginx()


def main(arguments=None):
    """Run the command line described above."""
    options = Options()
    options.add_argument("--certificates", metavar="DIR", required=True, help="the server's")
    parents = [*run_parents("lesson"), partition_options(), options]
    args = parse_options(arguments, parents, clients=2, rounds=2, run="results/hosts")
    check(args)
    make_partitions(args)
    folder, logs = Path(args.certificates).resolve(), fresh_logs(args.run)
    with PrivateFlower(logs) as flower:
        network = Network(flower, ADDRESSES)
        start_server(network, folder)
        for number in range(args.clients):
            start_node(network, number, folder)
        run_rounds(network, args)
        let_the_stranger_try(network, folder)


if __name__ == "__main__":
    run_command(main)
