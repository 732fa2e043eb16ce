"""The relay passes bytes on unchanged, and the kernel has counted as many on the same sockets."""

import asyncio
import gc
import hashlib
import socket
import sys
import threading

import pytest

from beyond.wire.relay import DIRECTIONS, TO_CLIENT, TO_SERVER, Relay
from tests.support.harness import PATIENCE
from tests.support.ports import free_address

QUESTION, ANSWER = bytes(range(256)) * 3000, b"answer" * 50_000


def serve_once(listener, received, has_all):
    """Answer one client after its question has ended, and go away."""
    with listener:
        connection, _ = listener.accept()
    count = 0
    with connection:
        while data := connection.recv(65536):
            received.update(data)
            count += len(data)
            if count == len(QUESTION):
                has_all.set()
        connection.sendall(ANSWER)


def ask(address, received, has_all):
    """Send the question in uneven pieces, and take the answer."""
    with socket.create_connection(address) as connection:
        for start in range(0, len(QUESTION), 77_777):
            connection.sendall(QUESTION[start : start + 77_777])
        assert has_all.wait(PATIENCE)
        gc.collect()  # the relay waits now: a task that only its own reader refers to would go
        connection.shutdown(socket.SHUT_WR)
        while data := connection.recv(65536):
            received.update(data)


@pytest.fixture(scope="module")
def passed():
    """A relay after one conversation, and the digests of what both ends have received."""
    listener = socket.create_server(("127.0.0.1", 0))
    at_server, at_client = hashlib.sha256(), hashlib.sha256()
    relay = Relay(free_address(), f"127.0.0.1:{listener.getsockname()[1]}")
    has_all = threading.Event()
    threads = [threading.Thread(target=serve_once, args=(listener, at_server, has_all))]
    threads.append(threading.Thread(target=ask, args=(relay.listen, at_client, has_all)))
    threads[0].start()
    asyncio.run(relay.run(threads[1].start))  # ends because the server is gone
    for thread in threads:
        thread.join()
    return relay, at_server.hexdigest(), at_client.hexdigest()


def test_both_ends_receive_what_was_sent(passed):
    _, at_server, at_client = passed
    assert at_server == hashlib.sha256(QUESTION).hexdigest()
    assert at_client == hashlib.sha256(ANSWER).hexdigest()


def test_what_is_kept_is_what_was_sent(passed):
    (connection,) = passed[0].connections
    for direction, sent in ((TO_SERVER, QUESTION), (TO_CLIENT, ANSWER)):
        assert b"".join(data for _, to, data in connection.chunks if to == direction) == sent


@pytest.mark.skipif(sys.platform != "linux", reason="other kernels count elsewhere")
def test_the_kernel_has_counted_the_same(passed):
    (connection,) = passed[0].connections
    assert [connection.kernel[direction] for direction in DIRECTIONS] == [
        len(QUESTION),
        len(ANSWER),
    ]
