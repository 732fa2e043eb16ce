"""Who comes in: five SuperNodes, one after the other, at a SuperLink that asks for keys.

    make certificates
    python -m beyond.access.refusals --certificates certificates

SuperLink runs on loopback and ends with the command. A node gets --max-retries 2, because one that hears
no answer would ask for ever.
"""

from argparse import Namespace
from pathlib import Path

import certifi

from beyond.deployment.keys import make_key
from beyond.deployment.node import arrival
from beyond.deployment.services import fresh_logs, start_superlink, start_supernode
from beyond.simulation.private_flower import SUPERLINK, PrivateFlower
from support.certificates import server_certificates
from support.command_line import Options, parse_options, run_command
from support.listening import free_port


def try_node(flower, name, address, *words):
    """Start a SuperNode with `words` and return a line: how it came in, or why it has given up."""
    reach = ("--superlink", address, "--max-retries", 2)
    process = start_supernode(flower, name, free_port(), *reach, *words)
    _, reason = arrival(flower, process, name)
    flower.stop(process)
    return reason or "comes in"


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
    options = Options()
    options.add_argument("--certificates", metavar="DIR", required=True, help="SuperLink's")
    folder = parse_options(arguments, [options]).certificates
    server_certificates(folder)
    address = f"127.0.0.1:{free_port()}"
    with PrivateFlower(fresh_logs("results/access")) as flower:
        start_superlink(flower, Namespace(address=address, certificates=folder, proxy=False))
        print(f"{'a SuperNode with':<34}what comes of it")
        for number, (what, words) in enumerate(applicants(flower, Path(folder).resolve())):
            outcome = try_node(flower, f"node_{number}", address, *words)
            print(f"{what:<34}{outcome}", flush=True)


if __name__ == "__main__":
    run_command(main)
