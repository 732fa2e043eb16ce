"""A wire between client and server that breaks on the client's side only."""

import contextlib
import socket

from tests.support.certificates import Wiretap


class FrayedWire(Wiretap):
    """A TCP proxy whose clients can be cut off while the server goes on believing in them."""

    def __init__(self, address):
        super().__init__(address)
        self._is_frayed = False

    def cut_off_clients(self):
        """Hang up on every client of this moment; the server learns nothing of it."""
        self._is_frayed = True
        self._cut = list(self._pairs())
        for client, _ in self._pairs():
            with contextlib.suppress(OSError):  # a look at the port, which is over
                client.shutdown(socket.SHUT_RDWR)

    def let_go_of_the_server(self):
        """Let the server learn that those who were cut off are gone."""
        self._is_frayed = False
        for _, server in self._cut:
            with contextlib.suppress(OSError):
                server.shutdown(socket.SHUT_RDWR)

    def _pairs(self):
        """Yield the sockets of every connection: the client's and the server's."""
        sockets = list(self._sockets)
        yield from zip(sockets[::2], sockets[1::2], strict=True)

    def _end(self, sink):
        if not self._is_frayed:
            super()._end(sink)
