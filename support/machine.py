"""What this machine has, and how much of it the system lets us have."""

import math
import os
import sys
from contextlib import suppress
from pathlib import Path

from support.command_line import UserError

try:
    import resource
except ImportError:  # Windows, which has no such limits
    resource = None

# Linux says here which control groups we are in, and there what each of them may take.
MEMBERSHIP, CONTROL_GROUPS = Path("/proc/self/cgroup"), Path("/sys/fs/cgroup")
# In version 2 one file has "QUOTA PERIOD" in microseconds, or "max PERIOD"; in version 1 each has its own.
QUOTA_FILES = (("cpu.max",), ("cpu.cfs_quota_us", "cpu.cfs_period_us"))
# What federation.py needs: a hundred for itself, and for each client its pipes, its log and its connection.
FILES, FILES_A_CLIENT = 100, 5
# Threads count as processes here: Python's, gRPC's and PyTorch's.
THREADS, THREADS_A_CLIENT = 100, 12
# As many clients, and a server, Windows can wait for at once.
MOST_ON_WINDOWS, MORE_SINCE = 62, (3, 13)


def available_cores():
    """Return how many cores this process may use: a container may have fewer than the machine."""
    has_mask = hasattr(os, "sched_getaffinity")
    cores = len(os.sched_getaffinity(0)) if has_mask else os.cpu_count() or 1
    return max(1, min(cores, *map(_quota, _control_groups())))


def _control_groups():
    """Return the folders of the control groups that may limit us: ours and all that these are nested in."""
    folders = {CONTROL_GROUPS}
    with suppress(OSError):  # not on macOS and Windows
        for line in MEMBERSHIP.read_text(encoding="utf-8").splitlines():
            _, controllers, group = line.split(":", 2)
            base = CONTROL_GROUPS / "cpu" if controllers else CONTROL_GROUPS
            if not controllers or "cpu" in controllers.split(","):
                own = base / group.lstrip("/")
                folders |= {own, *own.parents} - {*base.parents}
    return folders


def _quota(group):
    """Return how many cores' time a control group is given, rounded up; infinity if nothing says so."""
    for names in QUOTA_FILES:
        with suppress(OSError, ValueError):
            texts = [(group / name).read_text(encoding="utf-8") for name in names]
            quota, period = map(int, " ".join(texts).split())
            if quota > 0:  # version 1 says -1 for no limit
                return math.ceil(quota / period)
    return math.inf


def make_room(clients):
    """Raise our limits as far as `clients` client processes need; raise UserError if they are too many."""
    if sys.platform == "win32" and sys.version_info < MORE_SINCE and clients > MOST_ON_WINDOWS:
        raise UserError(
            f"{clients} clients need Python 3.13 or newer on Windows; "
            f"install it, or choose --clients {MOST_ON_WINDOWS}"
        )
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
