"""How many files and processes the system lets us have."""

from support.command_line import UserError

import contextlib

try:
    import resource
except ImportError:  # Windows, which has no such limits
    resource = None

# What federation.py needs: a hundred for itself, and for each client its pipes, its log and its connection.
FILES, FILES_A_CLIENT = 100, 5
# Threads count as processes here: Python's, gRPC's and PyTorch's.
THREADS, THREADS_A_CLIENT = 100, 12


def make_room(clients):
    """Raise this process's limits as far as `clients` client processes need, children included.

    Raises UserError if the system does not allow that many.
    """
    _raise_limit("RLIMIT_NOFILE", FILES, FILES_A_CLIENT, clients, "open files (ulimit -n)")
    _raise_limit("RLIMIT_NPROC", THREADS, THREADS_A_CLIENT, clients, "processes (ulimit -u)")


def make_room_for_connections(clients):
    """Do the same for a server, whose clients are processes elsewhere."""
    _raise_limit("RLIMIT_NOFILE", FILES, 1, clients, "open files (ulimit -n)")


def _raise_limit(name, basis, each, clients, what):
    number = getattr(resource, name, None)
    if number is None:
        return
    soft, hard = resource.getrlimit(number)
    needed = basis + each * clients
    if _allows(soft, needed):
        return
    if not _allows(hard, needed):
        enough_for = (hard - basis) // each
        fewer = f", or choose --clients {enough_for}" if enough_for > 0 else ""
        raise UserError(
            f"{clients} clients need some {needed} {what}, and {hard} are allowed; allow more{fewer}"
        )
    with contextlib.suppress(OSError, ValueError):  # then the soft limit has to do
        resource.setrlimit(number, (needed, hard))


def _allows(limit, needed):
    return limit == resource.RLIM_INFINITY or limit >= needed
