"""What a command has to itself while it runs: the port that it listens on, the directory that it writes to.

A command prints its last words before it ends, so a test that waits for words knows nothing of its port and
its locks. Whoever starts a command therefore waits here until what it needs is free again.
"""

import socket
from pathlib import Path

from support.command_line import UserError
from support.run_settings import check_unlocked
from tests.support.harness import wait_until

LISTENS, WRITES = ("--address", "--listen", "--port"), "--run"
USUAL_RUN = "results/fedavg"


def exclusive_to(words, directory):
    """Return what a command line has to itself, if it is started in `directory`: a set of ports and paths."""
    words = list(map(str, words))
    given = dict(zip(words, words[1:], strict=False))
    ports = [int(port) for name in LISTENS if (port := _port_in(given.get(name, "")))]
    is_server = WRITES in given or "--address" in given
    runs = [given.get(WRITES, USUAL_RUN)] if is_server else []
    return {*ports, *(Path(directory, run).resolve() for run in runs)}


def _port_in(address):
    port = address.rpartition(":")[2]
    return port if port.isdigit() and int(port) < 65536 else None


def wait_until_free(things, seconds):
    """Return when nothing listens on these ports and nothing writes to these directories."""
    for thing in things:
        wait_until(lambda thing=thing: _is_free(thing), f"{thing} is free again", seconds)


def _is_free(thing):
    if isinstance(thing, Path):
        try:
            check_unlocked(thing)
        except UserError:
            return False
        return True
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", thing)) != 0
