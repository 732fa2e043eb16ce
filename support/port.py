"""Whether a server could listen where it is told to."""

import socket

from support.command_line import UserError


def check_port_is_free(address):
    """Raise UserError if nothing can listen at `address` (HOST:PORT), before anything else is done."""
    host, _, port = address.rpartition(":")
    try:
        found = socket.getaddrinfo(
            host.strip("[]"), int(port), type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        family, kind, protocol, _, where = found[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(where)
    except OSError as error:
        raise UserError(
            f"cannot listen on {address}: {error.strerror}; stop what uses it or choose another --address"
        ) from None
