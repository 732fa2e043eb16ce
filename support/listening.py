"""Where a server may listen, and where it can."""

import ipaddress
import secrets
import socket
from contextlib import suppress

from support.argument_types import host_and_port
from support.command_line import UserError

# A port that was listened on a moment ago is free. On Windows, where SO_REUSEADDR lets two listen on one
# port, the option for that is another.
LISTENING_ALONE = getattr(socket, "SO_EXCLUSIVEADDRUSE", socket.SO_REUSEADDR)
PORTS = range(30_000, 32_768)  # below those that systems hand out to outgoing connections


def check_listening(address, certificates, insecure):
    """Raise UserError if a server would listen beyond this machine without TLS and unasked."""
    host, _ = host_and_port(address)
    if certificates is None and not insecure and not is_loopback(host):
        raise UserError(
            f"{address} is open to other machines and nothing would be encrypted; "
            "use --certificates DIR (or --insecure, if you must)"
        )


def check_port_is_free(address, option="--address"):
    """Raise UserError if nothing can listen at `address` (HOST:PORT), before anything else is done.

    `option` is the one that names it.
    """
    host, port = host_and_port(address)
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, protocol, _, where = found[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, LISTENING_ALONE, 1)
            probe.bind(where)
    except OSError as error:
        raise UserError(
            f"cannot listen on {address}: {error.strerror}; stop what uses it or choose another {option}"
        ) from None


def free_port():
    """Return a port of 127.0.0.1 that nothing listens on, and that no outgoing connection is given."""
    while True:
        port = secrets.choice(PORTS)
        with suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            return port


def is_loopback(host):
    """Return whether `host`, a name or an address without brackets, is this machine itself."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host.lower() == "localhost"
    mapped = getattr(address, "ipv4_mapped", None)  # ::ffff:127.0.0.1
    return (mapped or address).is_loopback
