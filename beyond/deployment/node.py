"""One node on a host with data: a SuperNode and its SuperExec, started and ended together.

    python -m beyond.deployment.node --partition-id 0 --superlink 127.0.0.1:8000 --insecure
    python -m beyond.deployment.node --partition-id 0 --superlink 192.0.2.1:9443 --ca ca.pem --key node_0

It looks at the partition first: a node without one, or with another node's, would be refused in every round.
"""

import re
import secrets
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

from beyond.deployment.keys import check_key
from beyond.deployment.services import node_words, start_supernode
from beyond.simulation.private_flower import PrivateFlower, last_line
from support.argument_types import address, natural_int
from support.certificates import read_root
from support.command_line import Options, RunError, UserError, parse_options, run_command
from support.files import locked
from support.listening import free_port
from support.partitions import PARTITIONS, load_partition

FAILED = "Failed to initialize the connection to the SuperLink."  # and the next line says why
SILENCE = 5.0  # seconds after which a node that waits says so
CAME_IN = re.compile(r"SuperNode ID: (\d+)")


def parse(arguments):
    """Return the options. Raises UserError if they do not go together."""
    options = Options()
    add = options.add_argument
    add("--partition-id", type=natural_int, required=True, help="whose data this node has")
    add("--superlink", type=address, default="127.0.0.1:8000", help="HOST:PORT of it, or its proxy")
    add("--insecure", action="store_true", help="without TLS, on this host")
    add("--ca", metavar="FILE", help="the certificate of the CA to trust")
    add("--key", metavar="FILE", help="this node's private key")
    add("--max-retries", type=natural_int, help="how often to try again (default: for ever)")
    args = parse_options(arguments, [options])
    if args.insecure == (args.ca is not None):
        raise UserError("give either --ca FILE, for TLS, or --insecure")
    if args.ca:
        read_root(args.ca)
    if args.key:
        check_key(args.key)
    return args


@contextmanager
def held_partition(number):
    """Check partition `number`, and keep other nodes of this host from it during the block.

    Raises UserError if it is not there, damaged, or another node's.
    """
    path = PARTITIONS / f"client_{number}.npz"
    load_partition(path)
    refusal = UserError(f"another node has partition {number}; it belongs to one")
    with locked(path.with_name(f".{path.name}.lock"), refusal):
        yield


def arrival(flower, process, name, news=None):
    """Wait until the SuperNode `name` is in; return (its number, None), or (None, the reason why not).

    `news` is printed if that takes a while.
    """
    file, patience = flower.logs / f"{name}.log", time.monotonic() + SILENCE
    while process.poll() is None and not CAME_IN.search(file.read_text(encoding="utf-8")):
        if news and time.monotonic() > patience:
            print(news, flush=True)
            news = None
        time.sleep(0.05)
    said = file.read_text(encoding="utf-8")
    if found := CAME_IN.search(said):
        return found[1], None
    lines = [line.strip() for line in said.splitlines()]
    return None, lines[lines.index(FAILED) + 1] if FAILED in lines else last_line(said)


def words_of(args):
    """Return the options with which a SuperNode does what `args` say."""
    words = ["--superlink", args.superlink]
    words += [] if args.max_retries is None else ["--max-retries", args.max_retries]
    words += ["--insecure"] if args.insecure else ["--root-certificates", Path(args.ca).resolve()]
    if args.key:
        words += ["--auth-supernode-private-key", Path(args.key).resolve()]
    return [*words, *node_words(args.partition_id)]


def run(flower, args):
    """Start both, with a secret that no other account on this host has, and run until one of them ends.

    Raises UserError if SuperLink does not let the node in, and RunError when one ends.
    """
    port, secret = free_port(), flower.home / "secret"
    secret.write_bytes(secrets.token_bytes(32))  # the home is ours alone
    common = ["--superexec-auth-secret-file", secret]
    node = start_supernode(flower, "node", port, *common, *words_of(args))
    news = f"SuperLink at {args.superlink} has not answered yet; trying on"
    number, reason = arrival(flower, node, "node", news)
    if reason:
        raise UserError(f"SuperLink at {args.superlink}: {reason}")
    words = [sys.executable, "-m", "beyond.deployment.superexec", "--insecure", *common]
    words += ["--runtime-api-address", f"127.0.0.1:{port}"]
    superexec = flower.start(*words, log="superexec.log")
    print(f"SuperNode {number} is in, with partition {args.partition_id}", flush=True)
    while node.poll() is None and superexec.poll() is None:
        time.sleep(0.5)  # nothing tells which of two processes ends first
    name, log = ("SuperExec", "superexec") if node.poll() is None else ("SuperNode", "node")
    said = last_line((flower.logs / f"{log}.log").read_text(encoding="utf-8"))
    raise RunError(f"the {name} with partition {args.partition_id} has ended: {said}")


def main(arguments=None):
    """Run the command line described above."""
    args = parse(arguments)
    with (
        held_partition(args.partition_id),
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as logs,
        PrivateFlower(logs) as flower,
    ):
        run(flower, args)


if __name__ == "__main__":
    run_command(main)
