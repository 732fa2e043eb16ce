"""Finding a server that may not be there yet, and finding it again.

Flower 1.41's start_client has `max_retries` and `max_wait_time`, but its gRPC transport uses neither:
a client that starts before its server, or outlives it, ends in a traceback.
"""

import threading
import time

import grpc

from support.certificates import check_trust
from support.command_line import UserError

# gRPC doubles its pause after every failed attempt, up to two minutes; people should not wait for that.
RECONNECT_QUICKLY = [
    ("grpc.initial_reconnect_backoff_ms", 200),
    ("grpc.min_reconnect_backoff_ms", 200),
    ("grpc.max_reconnect_backoff_ms", 1000),
]


class Refused(Exception):
    """The server does not want this client. The message says why."""


def stay_connected(address, root, max_wait, connect):
    """Call `connect()` once the server is up, and again whenever the connection is lost.

    Returns when `connect` does, which is when the server says that the run is over. `root` is the CA's
    certificate for TLS, or None. Raises UserError when no server has answered for `max_wait` seconds, or
    when the server refuses a newcomer; whom it knows may find an old connection in the way, and insists.
    """
    _hide_closed_channels()
    refused_after = None
    while True:
        wait_for_server(address, root, max_wait)
        try:
            return connect()
        except (grpc.RpcError, StopIteration):  # Flower lets both through when a stream ends
            print(f"Lost the server at {address}")
            refused_after = time.monotonic() + max_wait
        except Refused as refusal:
            if refused_after is None or time.monotonic() > refused_after:
                raise UserError(f"the server at {address} refuses: {refusal}") from None
            time.sleep(1)  # nothing here can tell when the server gives the old connection up


def wait_for_server(address, root, max_wait):
    """Return when a gRPC server answers at `address` (HOST:PORT); say so if that means waiting.

    Raises UserError after `max_wait` seconds, or as soon as the server turns out not to be trusted.
    """
    with _open_channel(address, root) as channel:
        if _is_ready(channel, seconds=min(0.5, max_wait)):
            return
        if root is not None:
            check_trust(address, root)
        print(f"Waiting up to {max_wait:g} s for a server at {address} ...")
        if not _is_ready(channel, seconds=max_wait):
            if root is not None:
                check_trust(address, root)  # it may have come meanwhile
            raise UserError(
                f"no server answered at {address} for {max_wait:g} s; start one with python server.py, "
                "name another with --server HOST:PORT, or give --certificates DIR if it uses TLS"
            )


def _hide_closed_channels():
    """Keep from people what gRPC's own threads complain about when we close a channel they still watch."""
    report = threading.excepthook

    def report_others(arguments):
        closed = arguments.exc_type is ValueError and "Channel closed" in str(arguments.exc_value)
        if not closed:
            report(arguments)

    threading.excepthook = report_others


def _open_channel(address, root):
    if root is None:
        return grpc.insecure_channel(address, options=RECONNECT_QUICKLY)
    credentials = grpc.ssl_channel_credentials(root)
    return grpc.secure_channel(address, credentials, options=RECONNECT_QUICKLY)


def _is_ready(channel, seconds):
    try:
        grpc.channel_ready_future(channel).result(timeout=seconds)
    except grpc.FutureTimeoutError:
        return False
    return True
