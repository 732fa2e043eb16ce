"""The processes of a deployment that stay: SuperLink, SuperNodes, our SuperExec.

`args` are the options of federation.py.
"""

import sys
from pathlib import Path

from beyond.deployment.keys import make_key
from beyond.deployment.proxy import start_proxy
from beyond.engine.run_config import check_text
from beyond.simulation.private_flower import SUPERLINK
from support.argument_types import host_and_port
from support.listening import free_port
from support.partitions import PARTITIONS
from support.run_record import make_run_directory


def fresh_logs(run):
    """Return the directory for the logs of a run, without those of an earlier one."""
    logs = make_run_directory(Path(run, "logs"))
    for file in logs.glob("*.log"):
        file.unlink()
    return logs


def start_superlink(flower, args):
    """Start SuperLink, with --proxy behind nginx; return the words with which a node reaches it."""
    port = free_port() if args.proxy else host_and_port(args.address)[1]
    if args.certificates is None:
        flower.superlink("--insecure", port=port)
        return ["--superlink", args.address, "--insecure"]
    folder = Path(args.certificates).resolve()  # Flower asks for absolute paths
    where = flower.superlink(*secure_words(folder), port=port, root=folder / "ca.pem")
    if args.proxy:
        start_proxy(flower, args.address, where, folder)
    return ["--superlink", args.address, "--root-certificates", folder / "ca.pem"]


def secure_words(folder):
    """Return the options with which a SuperLink uses the certificates in `folder` and asks nodes for keys."""
    certificates = {"cert": "server.pem", "key": "server.key", "ca-cert": "ca.pem"}
    words = [(f"--ssl-{name}file", folder / file) for name, file in certificates.items()]
    return ["--enable-supernode-auth", *(word for pair in words for word in pair)]


def start_node(flower, number, reach, args):
    """Start the SuperNode that has partition `number`; return the address of its Runtime API."""
    if args.certificates:
        private, public = make_key(flower.home / "keys", f"node_{number}")
        flower.cli("supernode", "register", public, SUPERLINK, log="register.log")
        reach = [*reach, "--auth-supernode-private-key", private]
    port, isolation = free_port(), "subprocess" if args.stock else "process"
    words = [*reach, *node_words(number)]
    start_supernode(flower, f"node_{number}", port, *words, isolation=isolation)
    return f"127.0.0.1:{port}"


def node_words(number):
    """Return the options with which a SuperNode has partition `number`.

    Raises UserError if Flower cannot be told where that is.
    """
    check_text(folder := str(PARTITIONS.resolve()))
    return ["--node-config", f"partition-id={number} folder={_in_toml(folder)}"]


def _in_toml(text):
    """Return `text` as a TOML string without a quote inside, which Flower would take for its end."""
    plain = (c if c.isprintable() and c not in '"\\' else f"\\U{ord(c):08X}" for c in text)
    return f'"{"".join(plain)}"'


def start_supernode(flower, name, port, *words, isolation="process"):
    """Start a SuperNode with `words`, its Runtime API on `port` of loopback; return its process.

    `name` is that of its log, and of its Flower home: two in one home would disturb each other.
    """
    own = ("--host", "127.0.0.1", "--port", port, "--isolation", isolation)
    home = str(flower.home / name)
    return flower.start("flower-supernode", *own, *words, log=f"{name}.log", FLWR_HOME=home)


def start_superexec(flower, addresses, args):
    """Start the SuperExec that serves the SuperNodes at `addresses`; return its process."""
    words = [word for where in addresses for word in ("--runtime-api-address", where)]
    return flower.start(
        *(sys.executable, "-m", "beyond.deployment.superexec", "--insecure", *words),
        *("--parallel-clients", args.parallel_clients),
        log="superexec.log",
    )
