"""The flood does what its table says, and hosts are told apart by what became of a stranger's try."""

import socketserver
import ssl
import threading
from collections import Counter
from functools import partial
from http.client import parse_headers
from unittest.mock import Mock

import pytest
from httpx import HTTPStatusError, Response

from beyond.access.flood import Attack
from beyond.access.hosts import describe
from beyond.access.stranger import outcome
from support.command_line import RunError
from tests.support.certificates import make_certificates
from tests.support.harness import wait_until

LENGTH, LINES, ADDRESSES = 5000, 3, 2


class Victim(socketserver.ThreadingTCPServer):
    """A TLS server that reads what comes, and answers a whole body; `came` is [(address, length, bytes)]."""

    daemon_threads, block_on_close = True, False

    def __init__(self, certificates, whole):
        super().__init__(("127.0.0.1", 0), Reader)
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificates / "server.pem", certificates / "server.key")
        self.socket = context.wrap_socket(self.socket, server_side=True)
        self.whole, self.came = whole, []

    def handle_error(self, request, address):
        """Say nothing: who floods may just hang up."""


class Reader(socketserver.StreamRequestHandler):
    """Reads a request; of a body that does not end, all that there is to come."""

    def handle(self):
        self.rfile.readline()
        length = int(parse_headers(self.rfile)["Content-Length"])
        got, more = 0, iter(partial(self.rfile.read1, 65536), b"")
        while got < length - (not self.server.whole):
            got += len(next(more))
        if self.server.whole:
            self.wfile.write(b"HTTP/1.1 401 Unauthorized\r\n\r\n")
        self.server.came.append((self.client_address[0], length, got))
        self.rfile.read(1)


@pytest.mark.parametrize("whole", [True, False], ids=["bodies that end", "bodies that do not"])
def test_so_many_lines_from_so_many_addresses_send_bodies_of_that_size(tmp_path, whole):
    certificates = make_certificates(tmp_path / "certificates")
    trust = ssl.create_default_context(cafile=certificates / "ca.pem")

    def hosts():
        return Counter(host for host, _, _ in victim.came)

    with Victim(certificates, whole) as victim:
        threading.Thread(target=victim.serve_forever, args=[0.05], daemon=True).start()
        with Attack(victim.server_address[1], trust, LENGTH, LINES, ADDRESSES, whole):
            # Who has been answered comes again, perhaps before others have come at all.
            wait_until(lambda: len(hosts()) == ADDRESSES and min(hosts().values()) >= LINES, "all")
        victim.shutdown()
    assert hosts().keys() == {"127.0.0.2", "127.0.0.3"}
    for _, length, got in victim.came:
        assert LENGTH < length < LENGTH + 20 and got == length - (not whole)


@pytest.mark.parametrize(
    ("end", "words"),
    [
        (["it is in"], "it is in"),
        (RunError("flwr supernode: see /Status/403; more"), "403 Forbidden"),
        (RunError("no connection"), "refused: no connection"),
        (HTTPStatusError("no", request=None, response=Response(401)), "401 Unauthorized"),
    ],
)
def test_what_became_of_a_deed_is_told_as_the_server_has_answered(end, words):
    assert outcome(Mock(side_effect=end), "a place") == words


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
