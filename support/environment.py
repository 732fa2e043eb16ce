"""What has to be set before Flower is imported: no telemetry, no proxy on loopback, no needless warnings."""

from support.streams import reopen_closed_streams

import builtins
import logging
import os
import signal
import sys
from pathlib import Path

LOOPBACK = ("127.0.0.1", "localhost", "::1")
# Flower warns when these arguments of FedAvg are left out; the lesson leaves them out on purpose.
NEEDLESS = ("No fit_metrics_aggregation_fn provided", "Setting `min_available_clients` lower than")


def prepare():
    """Set the environment variables that Flower and gRPC read while they are imported."""
    reopen_closed_streams()
    # Flower reports usage statistics to its makers by default. A lesson on privacy does not phone home;
    # whoever wants to can: FLWR_TELEMETRY_ENABLED=1 python server.py
    os.environ.setdefault("FLWR_TELEMETRY_ENABLED", "0")
    # gRPC's core narrates failed connections; client.py says in one line what it means.
    os.environ.setdefault("GRPC_VERBOSITY", "error")
    for host in LOOPBACK:
        exempt_from_proxy(host)
    logging.getLogger("flwr").addFilter(_is_needed)
    _let_ctrl_c_end_imports()


def exempt_from_proxy(host):
    """Let no http_proxy come between us and a `host` on this machine, as gRPC would.

    Where no_grpc_proxy is set, gRPC reads that one only.
    """
    names = ["no_proxy", "NO_PROXY"]
    for name in [*names, "no_grpc_proxy"] if "no_grpc_proxy" in os.environ else names:
        hosts = [known for known in os.environ.get(name, "").split(",") if known]
        os.environ[name] = ",".join(dict.fromkeys([*hosts, host]))


def is_hosted():
    """Return whether Python goes on when our command has ended: in a notebook, or after python -i."""
    return hasattr(builtins, "__IPYTHON__") or hasattr(sys, "ps1") or bool(sys.flags.interactive)


def _is_needed(record):
    return not record.getMessage().strip().startswith(NEEDLESS)


def _let_ctrl_c_end_imports():
    """End a command at once on Ctrl-C while it imports PyTorch for seconds; run_command takes over later.

    "-m": so Python names a module while it imports the packages around it.
    """
    is_command = Path(sys.argv[0]).name in ("server.py", "client.py", "-m")
    if (
        is_command
        and not is_hosted()
        and signal.getsignal(signal.SIGINT) is signal.default_int_handler
    ):
        signal.signal(signal.SIGINT, signal.SIG_DFL)
