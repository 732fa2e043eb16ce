"""Ports for servers: never one that another test, worker or suite on this machine has been given."""

import os
import socket
from collections import deque
from functools import cache

PORTS = range(20_000, 30_000)  # below those that systems hand out to outgoing connections
_claims = deque(maxlen=50)  # sockets; who has an older one has finished with it
_places = iter(range(len(PORTS)))


def free_address():
    """Return 127.0.0.1:PORT with a port that nothing listens on, and that nobody else is given."""
    for place in _places:
        port = PORTS[(os.getpid() * 97 + place) % len(PORTS)]  # processes begin far from each other
        if _claim(port):
            return f"127.0.0.1:{port}"
    raise AssertionError("no port is left")


@cache
def idle_address():
    """Return an address for all commands that want one and will not listen there."""
    return free_address()


def _claim(port):
    """Return whether `port` is ours now.

    Who has bound the UDP port of the same number has claimed it. That disturbs no TCP server, and the
    system ends the claim with this process, however that ends.
    """
    claim = socket.socket(type=socket.SOCK_DGRAM)
    try:
        claim.bind(("127.0.0.1", port))
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
    except OSError:
        claim.close()
        return False
    _claims.append(claim)
    return True
