"""A wire between a client and a server: it keeps what passes, and can break on the client's side only."""

import socket
import threading
from contextlib import suppress


class Wire:
    """A TCP proxy to `address` that keeps all bytes that pass: `from_client` and `from_server`."""

    def __init__(self, address):
        host, _, port = address.rpartition(":")
        self._target = (host, int(port))
        self.from_client, self.from_server = bytearray(), bytearray()
        self._pairs, self._cut = [], []  # of sockets: the client's and the server's
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self._threads = []
        self._start(self._accept)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self._cut = []
        for one in [self._listener, *(one for pair in self._pairs for one in pair)]:
            _hang_up(one)
            one.close()
        for thread in list(self._threads):
            thread.join()

    def cut_off_clients(self):
        """Hang up on every client of this moment; the server learns nothing of it."""
        self._cut = list(self._pairs)
        for client, _ in self._cut:
            _hang_up(client)

    def let_go_of_the_server(self):
        """Let the server learn that the clients that were cut off are gone."""
        cut, self._cut = self._cut, []
        for _, server in cut:
            _hang_up(server)

    def _start(self, work, *arguments):
        self._threads.append(threading.Thread(target=work, args=arguments, daemon=True))
        self._threads[-1].start()

    def _accept(self):
        with suppress(OSError):  # that is how it is closed
            while True:
                client = self._listener.accept()[0]
                server = socket.create_connection(self._target)
                self._pairs.append((client, server))
                self._start(self._pass_on, client, server, self.from_client)
                self._start(self._pass_on, server, client, self.from_server)

    def _pass_on(self, source, sink, record):
        with suppress(OSError):
            while content := source.recv(65536):
                record += content
                sink.sendall(content)
        if (source, sink) not in self._cut:
            _hang_up(sink, socket.SHUT_WR)


def _hang_up(one, how=socket.SHUT_RDWR):
    with suppress(OSError):  # it is over already
        one.shutdown(how)


def tls_records(content):
    """Yield (kind, length) of the TLS records in what one side has sent; kind 23 is application data."""
    place = 0
    while place + 5 <= len(content):
        length = int.from_bytes(content[place + 3 : place + 5])
        yield content[place], length
        place += 5 + length
