"""What a command has to itself while it runs: the port that it listens on, the directory that it writes to.

A command prints its last words before it ends, so a test that waits for words knows nothing of its port and
its locks. Whoever starts a command therefore waits until what it needs is free again.
"""

import socket
from itertools import pairwise
from pathlib import Path

from support.command_line import UserError
from support.run_settings import check_unlocked

USUAL_RUN = "results/fedavg"


def exclusive_to(words, directory):
    """Return what a command line has to itself, if it is started in `directory`: a set of ports and paths."""
    given = dict(pairwise(map(str, words)))
    addresses = [given.get(name, "") for name in ("--address", "--listen", "--port")]
    ports = [port for address in addresses if (port := address.rpartition(":")[2]).isdigit()]
    is_server = "--run" in given or "--address" in given
    runs = [given.get("--run", USUAL_RUN)] if is_server else []
    return {
        *(int(port) for port in ports if 0 < int(port) < 65536),
        *(Path(directory, run).resolve() for run in runs),
    }


def is_free(thing):
    """Return whether nothing listens on a port, or writes to a directory."""
    if isinstance(thing, int):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", thing)) != 0
    try:
        check_unlocked(thing)
    except UserError:
        return False
    return True
