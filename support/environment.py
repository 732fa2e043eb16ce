"""Environment variables that Flower and gRPC read while they are imported.

server.py and client.py import this module before flwr.
"""

import os
import signal
import sys
from pathlib import Path

# PyTorch takes seconds to import. Ctrl-C meanwhile just ends the command; run_command takes over later.
if (
    Path(sys.argv[0]).name in ("server.py", "client.py")
    and signal.getsignal(signal.SIGINT) is signal.default_int_handler
):
    signal.signal(signal.SIGINT, signal.SIG_DFL)

# Flower reports usage statistics to its makers by default. A lesson on privacy does not phone home;
# whoever wants to can: FLWR_TELEMETRY_ENABLED=1 python server.py
os.environ.setdefault("FLWR_TELEMETRY_ENABLED", "0")

# gRPC's core narrates failed connections; client.py says in one line what it means.
os.environ.setdefault("GRPC_VERBOSITY", "error")

# gRPC would send even loopback traffic through an http_proxy.
for _name in ("no_proxy", "NO_PROXY"):
    _hosts = [host for host in os.environ.get(_name, "").split(",") if host]
    for _loopback in ("127.0.0.1", "localhost"):
        if _loopback not in _hosts:
            _hosts.append(_loopback)
    os.environ[_name] = ",".join(_hosts)
