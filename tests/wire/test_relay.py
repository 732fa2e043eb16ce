"""The relay passes bytes on unchanged, and the kernel counts as many; of TLS it has sizes and times only."""

import asyncio
import gc
import socket
import ssl
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from beyond.wire.byte_ledger import keep_ledger
from beyond.wire.relay import DIRECTIONS, TO_CLIENT, TO_SERVER, Relay
from beyond.wire.report import print_table
from tests.support.certificates import make_certificates
from tests.support.harness import PATIENCE
from tests.support.ports import free_address

QUESTION, ANSWER = bytes(range(256)) * 3000, b"answer" * 50_000


def converse(answer, ask):
    """Return the relay between `answer(connection)` and `ask(connection)`, and what these two return."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(PATIENCE)  # a relay that lets nobody through is to fail, and not to hang
    relay, asked = Relay(free_address(), f"127.0.0.1:{listener.getsockname()[1]}"), []

    def serve():
        with listener:
            connection, _ = listener.accept()
        return answer(connection)

    def call():
        return ask(socket.create_connection(relay.listen))

    with ThreadPoolExecutor(2) as pool:
        served = pool.submit(serve)
        run = relay.run(lambda: asked.append(pool.submit(call)))
        asyncio.run(run)  # ends because the server is gone
        return relay, served.result(), asked[0].result()


def received(connection, count=None):
    """Return what comes until the other side ends, or `count` bytes are there."""
    data = b""
    while (count is None or len(data) < count) and (more := connection.recv(65536)):
        data += more
    return data


@pytest.fixture(scope="module")
def passed():
    """A relay after one conversation, and what both ends have received."""
    has_all = threading.Event()

    def answer(connection):
        with connection:
            question = received(connection, len(QUESTION))
            has_all.set()
            question += received(connection)
            connection.sendall(ANSWER)
            return question

    def ask(connection):
        with connection:
            for start in range(0, len(QUESTION), 77_777):  # in uneven pieces
                connection.sendall(QUESTION[start : start + 77_777])
            assert has_all.wait(PATIENCE)
            gc.collect()  # the relay waits now: a task that only its own reader refers to would go
            connection.shutdown(socket.SHUT_WR)
            return received(connection)

    return converse(answer, ask)


def test_what_both_ends_receive_and_what_is_kept_is_what_was_sent(passed):
    relay, at_server, at_client = passed
    (connection,) = relay.connections
    for direction, sent, got in ((TO_SERVER, QUESTION, at_server), (TO_CLIENT, ANSWER, at_client)):
        assert got == sent
        assert b"".join(data for _, to, data in connection.chunks if to == direction) == sent


@pytest.mark.skipif(sys.platform != "linux", reason="other kernels count elsewhere")
def test_the_kernel_has_counted_the_same(passed):
    (connection,) = passed[0].connections
    sent = {TO_SERVER: len(QUESTION), TO_CLIENT: len(ANSWER)}
    assert {direction: connection.kernel[direction] for direction in DIRECTIONS} == sent


def test_over_tls_it_sees_sizes_and_times_only(tmp_path, capsys):
    certificates = make_certificates(tmp_path / "certificates")
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(certificates / "server.pem", certificates / "server.key")
    client = ssl.create_default_context(cafile=certificates / "ca.pem")

    def answer(plain):
        with server.wrap_socket(plain, server_side=True) as connection:
            received(connection, len(QUESTION))
            connection.sendall(ANSWER)

    def ask(plain):
        with client.wrap_socket(plain, server_hostname="127.0.0.1") as connection:
            connection.sendall(QUESTION)
            received(connection)

    relay, _, _ = converse(answer, ask)
    ledger = keep_ledger(relay.connections)
    assert ledger.contents == [] and ledger.bytes == {}
    for direction, said in ((TO_SERVER, QUESTION), (TO_CLIENT, ANSWER)):
        assert len(said) < ledger.encrypted[direction] < 1.1 * len(said)
    print_table(ledger, relay.connections)
    printed = capsys.readouterr().out
    assert printed.count("only sizes and times") == 2 and "unexplained 0" in printed
