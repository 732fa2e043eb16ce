"""The environment of Flower's commands: the shell's, without what changes what they do or whom they call.

Flower, Ray, gRPC, httpx and Python read more than a hundred variables. One that was set for something else
lets Ray join another cluster (RAY_ADDRESS), starts services that the command does not need
(FLWR_INTERNAL_GRPC_CONTROL_API), hides the lines that we wait for (FLWR_LOG_LEVEL), or sends through a proxy
what is to stay on this machine. So whole families are left out, and what we need of them is set here.
"""

import os
import secrets
import sys
from pathlib import Path

FAMILIES = ("FLWR_", "RAY_", "GRPC_", "PYTHON")  # how names begin that are left out
PROXIES = "_PROXY"  # and how they end, in capitals or not
SINGLE = (
    "DASHBOARD_METRIC_PORT",  # Ray's
    "COLUMNS",  # cuts complaints in pieces
    "FORWARDED_ALLOW_IPS",  # whom SuperLink's web server believes
    "SSLKEYLOGFILE",  # a file for the keys of TLS connections
)
KEPT = (  # which say where Python is, and where it writes
    "PYTHONPATH",
    "PYTHONHOME",
    "PYTHONUSERBASE",
    "PYTHONNOUSERSITE",
    "PYTHONPYCACHEPREFIX",
    "PYTHONDONTWRITEBYTECODE",
    "PYTHONHASHSEED",
)
OURS = {
    "FLWR_TELEMETRY_ENABLED": "0",
    "FLWR_DISABLE_UPDATE_CHECK": "1",
    "FLWR_DISABLE_RUNTIME_DEPENDENCY_INSTALLATION": "1",  # or every launch asks a package registry
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # so Ray listens on loopback, on Linux as elsewhere
    "RAY_AUTH_MODE": "token",  # and answers only who knows the run's token
    "RAY_worker_niceness": "0",  # Ray's workers step back for other processes; ours do not
    "RAY_DISABLE_IMPORT_WARNING": "1",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",  # or Ray warns of what it may do in later versions
    "PYTHONUNBUFFERED": "1",
    "PYTHONIOENCODING": "utf-8",  # of logs, which we read
    "no_proxy": "*",  # macOS and Windows have settings for proxies besides
    "NO_PROXY": "*",
}
NO_CLOUD = "ray_bootstrap_config.yaml"  # of the home directory; what Ray reads instead of asking


def private_environment(home):
    """Return the environment of commands that have `home`, a directory of ours alone, to themselves.

    The token is in it, and nowhere else: the system shows a process's environment to its own user only.
    """
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    # Temporary files, too: who is killed while it unpacks an app cannot remove them, and `home` is removed.
    places = dict.fromkeys(["FLWR_HOME", "RAY_TMPDIR", "TMPDIR"], str(home))
    ours = places | {"PATH": path}
    return {**shells_environment(), **OURS, **ours, "RAY_AUTH_TOKEN": secrets.token_hex(32)}


def shells_environment():
    """Return the variables of our own environment that may be handed on."""
    return {name: value for name, value in os.environ.items() if not _is_left_out(name)}


def forget_proxies():
    """Let what this process itself asks on its machine go straight there, as what it starts does."""
    for name in [name for name in os.environ if name.upper().endswith(PROXIES)]:
        del os.environ[name]
    os.environ["no_proxy"] = os.environ["NO_PROXY"] = "*"


def no_cloud_environment(home):
    """Return changes to the environment by which Ray asks no cloud whether this is a machine of it.

    Ray asks 169.254.169.254 and metadata.google.internal, whatever RAY_USAGE_STATS_ENABLED says, unless a
    file in the user's home directory describes the cluster. So its processes get a home directory with that
    file; caches stay where they are.
    """
    directory = Path(home, "user")
    directory.mkdir()
    Path(directory, NO_CLOUD).write_text("{}\n", encoding="utf-8")
    caches = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return {"HOME": str(directory), "USERPROFILE": str(directory), "XDG_CACHE_HOME": caches}


def _is_left_out(name):
    capitals = name.upper()
    is_foreign = capitals.startswith(FAMILIES) or capitals.endswith(PROXIES)
    return (is_foreign and capitals not in KEPT) or capitals in SINGLE
