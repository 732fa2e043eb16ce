"""What a real system needs and a lesson file should not carry, one file a concern; README.md is the index.

Nothing here imports server.py, client.py or a chapter. Whatever is imported first from here prepares this
process, and those that it starts, for Flower and gRPC, imported already or not.
"""

import logging
import os
import sys

LOOPBACK = ("127.0.0.1", "localhost", "::1")
# Flower warns when these arguments of FedAvg are left out; the lesson leaves them out on purpose.
NEEDLESS = ("No fit_metrics_aggregation_fn provided", "Setting `min_available_clients` lower than")


def reopen_closed_streams():
    """Open the standard streams that this command was started without (>&-); they lead nowhere.

    The next file that is opened would take such a stream's number, and receive our output.
    """
    for descriptor, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number, which is this one
            setattr(sys, name, os.fdopen(descriptor, mode, closefd=False))


def switch_telemetry_off():
    """Keep Flower from reporting usage statistics to its makers, as it does by default.

    Unless a person wants it to: FLWR_TELEMETRY_ENABLED=1 python server.py
    """
    wish = os.environ.setdefault("FLWR_TELEMETRY_ENABLED", "0")
    if flower := sys.modules.get("flwr.supercore.telemetry"):
        flower.FLWR_TELEMETRY_ENABLED = wish  # its own copy of the variable


def exempt_from_proxy(host):
    """Let gRPC use no http_proxy for a `host` on this machine.

    Where no_grpc_proxy is set, gRPC reads only that one.
    """
    names = ["no_proxy", "NO_PROXY"]
    for name in [*names, "no_grpc_proxy"] if "no_grpc_proxy" in os.environ else names:
        hosts = [known for known in os.environ.get(name, "").split(",") if known]
        os.environ[name] = ",".join(dict.fromkeys([*hosts, host]))


reopen_closed_streams()
switch_telemetry_off()
# gRPC's core narrates failed connections; client.py says in one line what it means.
os.environ.setdefault("GRPC_VERBOSITY", "error")
for loopback in LOOPBACK:
    exempt_from_proxy(loopback)
logging.getLogger("flwr").addFilter(
    lambda record: not record.getMessage().strip().startswith(NEEDLESS)
)
