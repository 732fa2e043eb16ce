"""The flood does what its table says, and hosts are told apart by what became of a stranger's try."""

import socket
import ssl
import threading
from contextlib import suppress

import httpx
import pytest

from beyond.access.flood import Attack
from beyond.access.hosts import describe
from beyond.access.stranger import outcome
from support.command_line import RunError
from tests.support.certificates import make_certificates
from tests.support.harness import PATIENCE

LENGTH, LINES, ADDRESSES = 5000, 3, 2


class Victim:
    """A TLS server that reads what comes, and answers a whole body; `came` is {address: bytes}."""

    def __init__(self, certificates):
        self.context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self.context.load_cert_chain(certificates / "server.pem", certificates / "server.key")
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.came, self.answers, self.enough = {}, 0, threading.Event()
        self.lock = threading.Lock()

    def serve(self, whole):
        """Take connections until the listener is closed."""
        while True:
            try:
                plain, (host, _) = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._read, args=[plain, host, whole], daemon=True).start()

    def _read(self, plain, host, whole):
        with self.context.wrap_socket(plain, server_side=True) as line:
            head, got = b"", 0
            while b"\r\n\r\n" not in head:
                head += line.recv(1)
            length = int(head.split(b"Content-Length: ")[1].split()[0])
            while got < length - (not whole):
                got += len(line.recv(65536))
            if whole:
                line.sendall(b"HTTP/1.1 401 Unauthorized\r\n\r\n")
            with self.lock:
                self.came.setdefault(host, []).append((length, got))
                if sum(map(len, self.came.values())) >= LINES * ADDRESSES:
                    self.enough.set()
            with suppress(OSError):  # who floods may just hang up
                line.recv(1)


@pytest.mark.parametrize("whole", [True, False], ids=["bodies that end", "bodies that do not"])
def test_so_many_lines_from_so_many_addresses_send_bodies_of_that_size(tmp_path, whole):
    certificates = make_certificates(tmp_path / "certificates")
    victim = Victim(certificates)
    server = threading.Thread(target=victim.serve, args=[whole], daemon=True)
    server.start()
    trust = ssl.create_default_context(cafile=certificates / "ca.pem")
    port = victim.listener.getsockname()[1]
    with Attack(port, trust, LENGTH, LINES, ADDRESSES, whole):
        assert victim.enough.wait(PATIENCE)
    victim.listener.shutdown(socket.SHUT_RDWR)
    victim.listener.close()
    server.join()
    assert victim.came.keys() == {"127.0.0.2", "127.0.0.3"}
    for bodies in victim.came.values():
        assert len(bodies) >= LINES
        for length, got in bodies:
            assert LENGTH < length < LENGTH + 20 and got == length - (not whole)


def refused(status):
    """Return a deed that a server answers with this status."""
    request = httpx.Request("POST", "http://x")
    return httpx.HTTPStatusError(
        "no", request=request, response=httpx.Response(status, request=request)
    )


@pytest.mark.parametrize(
    ("end", "words"),
    [
        ("it is in", "it is in"),
        (RunError("flwr supernode: see /Status/403; more"), "403 Forbidden"),
        (RunError("no connection"), "refused: no connection"),
        (refused(401), "401 Unauthorized"),
    ],
)
def test_what_became_of_a_deed_is_told_as_the_server_has_answered(end, words):
    def deed(place):
        if isinstance(end, Exception):
            raise end
        return end

    assert outcome(deed, "a place") == words


@pytest.mark.parametrize(
    ("status", "said", "words"),
    [
        (0, "done", "registered"),
        (1, "grpc: /Status/403\nmore", "403 Forbidden"),
        (1, "SuperLink is unavailable", "no connection"),
        (1, "one\nthe last line\n", "the last line"),
    ],
)
def test_what_became_of_a_try_is_told_in_few_words(status, said, words):
    assert describe(status, said) == words
