"""Who comes in: five SuperNodes, one after the other, at a SuperLink that asks for keys.

    make certificates
    python -m beyond.engine.refusals --certificates certificates

SuperLink runs on loopback and ends with the command. A node gets --max-retries 2, for one that hears no
answer asks for ever otherwise.
"""

from support.certificates import server_certificates
from support.command_line import OneLineParser, RunError, run_command

import re
import tempfile
import time
from argparse import Namespace
from pathlib import Path

import certifi

from beyond.engine.keys import make_key
from beyond.engine.private_flower import SUPERLINK, PrivateFlower, free_port
from beyond.engine.services import start_superlink

FAILED = "Failed to initialize the connection to the SuperLink."  # and the next line says why
CAME_IN = re.compile(r"SuperNode ID: \d+")


def try_node(flower, address, *words):
    """Start a SuperNode with `words` and return a line: how it came in, or why it has given up."""
    home, log = flower.home / "node", flower.logs / f"node_{len(flower.processes)}.log"
    log.unlink(missing_ok=True)
    process = flower.start(
        *("flower-supernode", "--superlink", address, "--max-retries", 2, "--isolation", "process"),
        *("--host", "127.0.0.1", "--port", free_port(), *words),
        log=log.name,
        FLWR_HOME=str(home),
    )
    while process.poll() is None and not CAME_IN.search(log.read_text()):
        time.sleep(0.05)
    said = log.read_text()
    flower.stop(process)
    if CAME_IN.search(said):
        return "comes in"
    lines = [line.strip() for line in said.splitlines()]
    if FAILED not in lines:
        raise RunError(f"a SuperNode has ended and does not say why: {lines[-1:]}")
    return lines[lines.index(FAILED) + 1]


def applicants(flower, folder):
    """Yield (what a SuperNode comes with, its options), where `folder` has SuperLink's certificates."""
    trust = ("--root-certificates", folder / "ca.pem")
    known, public = make_key(flower.home / "keys", "known")
    unknown, _ = make_key(flower.home / "keys", "unknown")
    flower.cli("supernode", "register", public, SUPERLINK)
    own_key = "--auth-supernode-private-key"
    yield "a registered key", (*trust, own_key, known)
    yield "a key that nobody has registered", (*trust, own_key, unknown)
    yield "no key", trust
    yield "trust in other CAs", ("--root-certificates", certifi.where(), own_key, known)
    yield "no TLS", ("--insecure",)


def main(arguments=None):
    """Run the command line described above."""
    parser = OneLineParser("beyond.engine.refusals", __doc__)
    parser.add_argument("--certificates", metavar="DIR", required=True, help="SuperLink's")
    folder = parser.parse_args(arguments).certificates
    server_certificates(folder)
    address = f"127.0.0.1:{free_port()}"
    with tempfile.TemporaryDirectory() as logs, PrivateFlower(logs) as flower:
        start_superlink(flower, Namespace(address=address, certificates=folder, proxy=False))
        print(f"{'a SuperNode with':<34}what comes of it")
        for what, words in applicants(flower, Path(folder).resolve()):
            print(f"{what:<34}{try_node(flower, address, *words)}", flush=True)


if __name__ == "__main__":
    run_command(main, "beyond.engine.refusals")
