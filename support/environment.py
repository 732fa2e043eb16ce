"""What is set before Flower runs: no telemetry, no proxy on loopback, no needless warnings."""

import builtins
import logging
import os
import sys

from support.streams import reopen_closed_streams

LOOPBACK = ("127.0.0.1", "localhost", "::1")
# Flower warns when these arguments of FedAvg are left out; the lesson leaves them out on purpose.
NEEDLESS = ("No fit_metrics_aggregation_fn provided", "Setting `min_available_clients` lower than")


def prepare():
    """Prepare this process, and those that it starts, for Flower and gRPC, imported already or not."""
    reopen_closed_streams()
    switch_telemetry_off()
    # gRPC's core narrates failed connections; client.py says in one line what it means.
    os.environ.setdefault("GRPC_VERBOSITY", "error")
    for host in LOOPBACK:
        exempt_from_proxy(host)
    logging.getLogger("flwr").addFilter(_is_needed)


def switch_telemetry_off():
    """Keep Flower from reporting usage statistics to its makers, as it does by default.

    Unless a person wants it to: FLWR_TELEMETRY_ENABLED=1 python server.py
    """
    wish = os.environ.setdefault("FLWR_TELEMETRY_ENABLED", "0")
    if flower := sys.modules.get(
        "flwr.supercore.telemetry"
    ):  # it has read the variable, and looks at its copy
        flower.FLWR_TELEMETRY_ENABLED = wish


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
