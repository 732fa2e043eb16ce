"""Finding a server that may not be there yet, and finding it again.

Flower 1.41's start_client has `max_retries` and `max_wait_time`, but its gRPC transport uses neither:
a client that starts before its server, or outlives it, ends in a traceback.
"""

import grpc

from support.command_line import UserError

# gRPC doubles its pause after every failed attempt, up to two minutes; people should not wait for that.
RECONNECT_QUICKLY = [
    ("grpc.initial_reconnect_backoff_ms", 200),
    ("grpc.min_reconnect_backoff_ms", 200),
    ("grpc.max_reconnect_backoff_ms", 1000),
]


def stay_connected(address, max_wait, connect):
    """Call `connect()` once the server is up, and again whenever the connection is lost.

    Returns when `connect` does, which is when the server says that the run is over. Raises UserError
    when no server has answered for `max_wait` seconds.
    """
    while True:
        wait_for_server(address, max_wait)
        try:
            return connect()
        except grpc.RpcError as error:
            print(f"Lost the server at {address} ({error.code().name}).")


def wait_for_server(address, max_wait):
    """Return when a gRPC server answers at `address` (HOST:PORT); say so if that means waiting.

    Raises UserError after `max_wait` seconds.
    """
    with grpc.insecure_channel(address, options=RECONNECT_QUICKLY) as channel:
        if _is_ready(channel, seconds=min(0.5, max_wait)):
            return
        print(f"Waiting up to {max_wait:g} s for a server at {address} ...")
        if not _is_ready(channel, seconds=max_wait):
            raise UserError(
                f"no server answered at {address} for {max_wait:g} s; "
                "start one with python server.py, or name another with --server HOST:PORT"
            )


def _is_ready(channel, seconds):
    try:
        grpc.channel_ready_future(channel).result(timeout=seconds)
    except grpc.FutureTimeoutError:
        return False
    return True
