"""What this machine has, and how much of it the system lets us have."""

import math
import os
from contextlib import suppress
from pathlib import Path

from support.command_line import UserError

try:
    import resource
except ImportError:  # Windows, which has no such limits
    resource = None

# What a container may take: "QUOTA PERIOD" in microseconds, or "max PERIOD".
CPU_MAX = Path("/sys/fs/cgroup/cpu.max")
# What federation.py needs: a hundred for itself, and for each client its pipes, its log and its connection.
FILES, FILES_A_CLIENT = 100, 5
# Threads count as processes here: Python's, gRPC's and PyTorch's.
THREADS, THREADS_A_CLIENT = 100, 12


def available_cores():
    """Return how many cores this process may use: a container may have fewer than the machine."""
    has_mask = hasattr(os, "sched_getaffinity")
    cores = len(os.sched_getaffinity(0)) if has_mask else os.cpu_count() or 1
    return max(1, min(cores, _quota()))


def _quota():
    """Return how many cores' time the container is given, rounded up; infinity if nothing says so."""
    try:
        quota, period = CPU_MAX.read_text(encoding="utf-8").split()
        return math.ceil(int(quota) / int(period))
    except (OSError, ValueError):
        return math.inf


def make_room(clients):
    """Raise our limits as far as `clients` client processes need; raise UserError if they are too many."""
    _raise_limit("RLIMIT_NOFILE", FILES, FILES_A_CLIENT, clients, "open files (ulimit -n)")
    _raise_limit("RLIMIT_NPROC", THREADS, THREADS_A_CLIENT, clients, "processes (ulimit -u)")


def make_room_for_connections(clients):
    """Do the same for a server, whose clients are processes elsewhere."""
    _raise_limit("RLIMIT_NOFILE", FILES, 1, clients, "open files (ulimit -n)")


def _raise_limit(name, basis, each, clients, what):
    number = getattr(resource, name, None)
    if number is None:
        return
    soft, hard = (
        math.inf if limit == resource.RLIM_INFINITY else limit
        for limit in resource.getrlimit(number)
    )
    needed = basis + each * clients
    if needed > hard:
        enough_for = (hard - basis) // each
        fewer = f", or choose --clients {enough_for}" if enough_for > 0 else ""
        raise UserError(
            f"{clients} clients need some {needed} {what}, and {hard} are allowed; allow more{fewer}"
        )
    if needed > soft:
        with suppress(OSError, ValueError):  # then the soft limit has to do
            resource.setrlimit(number, (needed, resource.getrlimit(number)[1]))
