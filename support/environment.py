"""What has to be set before Flower is imported: no telemetry, no proxy on loopback, no needless warnings."""

import logging
import os
import signal
import sys
from pathlib import Path

LOOPBACK = ("127.0.0.1", "localhost")
# Flower warns when these arguments of FedAvg are left out; the lesson leaves them out on purpose.
NEEDLESS = ("No fit_metrics_aggregation_fn provided", "Setting `min_available_clients` lower than")


def prepare():
    """Set the environment variables that Flower and gRPC read while they are imported."""
    # Flower reports usage statistics to its makers by default. A lesson on privacy does not phone home;
    # whoever wants to can: FLWR_TELEMETRY_ENABLED=1 python server.py
    os.environ.setdefault("FLWR_TELEMETRY_ENABLED", "0")
    # gRPC's core narrates failed connections; client.py says in one line what it means.
    os.environ.setdefault("GRPC_VERBOSITY", "error")
    for name in ("no_proxy", "NO_PROXY"):
        _exempt_loopback(name)
    logging.getLogger("flwr").addFilter(_is_needed)
    _let_ctrl_c_end_imports()


def _exempt_loopback(name):
    """Add loopback to a list of hosts: gRPC would send even that traffic through an http_proxy."""
    hosts = [host for host in os.environ.get(name, "").split(",") if host]
    hosts += [host for host in LOOPBACK if host not in hosts]
    os.environ[name] = ",".join(hosts)


def _is_needed(record):
    return not record.getMessage().strip().startswith(NEEDLESS)


def _let_ctrl_c_end_imports():
    """End a command at once on Ctrl-C while it imports PyTorch for seconds; run_command takes over later.

    "-m": so Python names a module while it imports the packages around it.
    """
    is_command = Path(sys.argv[0]).name in ("server.py", "client.py", "-m")
    if is_command and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
