"""Finding a server that may not be there yet, and finding it again.

Flower 1.42's start_client has `max_retries` and `max_wait_time`, but its gRPC transport uses neither:
a client that starts before its server, or outlives it, ends in a traceback.
"""

import math
import threading
import time

import grpc

from support import exempt_from_proxy
from support.argument_types import host_and_port
from support.certificates import check_trust, root_certificate
from support.command_line import UserError
from support.identity import ClientFailure, Participant
from support.listening import is_loopback
from support.terminal import prepare_log

# gRPC doubles its pause after every failed attempt, up to two minutes; people should not wait for that.
RECONNECT_QUICKLY = [
    ("grpc.initial_reconnect_backoff_ms", 200),
    ("grpc.min_reconnect_backoff_ms", 200),
    ("grpc.max_reconnect_backoff_ms", 1000),
]


def stay_connected(take_part, client, args):
    """Call `take_part(client, server, certificate)` once the server is up, and again when it was lost.

    Returns when `take_part` does, which is when the server says that the run is over. `args` are the client's
    options; `client` takes part as a Participant. Raises UserError when no server has answered for
    `args.max_wait` seconds, or when the server refuses the client. One that has lost the server asks again
    for as long: the server may still have its old connection.
    """
    prepare_log()
    _hide_closed_channels()
    certificate = root_certificate(args.certificates)
    insist_until = -math.inf
    while True:
        wait_for_server(args.server, certificate, args.max_wait)
        try:
            refusal = _participate(take_part, client, args, certificate)
        except (grpc.RpcError, StopIteration):  # Flower lets both through when a stream ends
            print(f"Lost the server at {args.server}")
            insist_until = time.monotonic() + args.max_wait
            continue
        if not refusal:
            return
        if time.monotonic() > insist_until:
            raise UserError(f"the server at {args.server} refuses: {refusal}")
        time.sleep(1)  # nothing here can tell when the server gives the old connection up


def _participate(take_part, client, args, certificate):
    """Take part until the run is over; return what the server has said if it does not want us, else None."""
    participant = Participant(client.to_client(), args.partition_id)
    try:
        take_part(participant, args.server, certificate)
    except ClientFailure as failure:
        raise UserError(str(failure)) from None
    return participant.refusal


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
    """Hide the complaints of gRPC's own threads about a channel that we close while they watch it."""
    report = threading.excepthook

    def report_others(arguments):
        closed = arguments.exc_type is ValueError and "Channel closed" in str(arguments.exc_value)
        if not closed:
            report(arguments)

    threading.excepthook = report_others


def _open_channel(address, root):
    """Return a gRPC channel; no proxy comes between us and a server on this machine."""
    host, _ = host_and_port(address)
    if is_loopback(host):
        exempt_from_proxy(host)
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
