"""A TCP relay between clients and server, which passes bytes on unchanged and keeps them."""

import asyncio
import socket
import struct
import time
from contextlib import suppress
from dataclasses import dataclass, field

from support.argument_types import host_and_port
from support.command_line import UserError

TO_SERVER, TO_CLIENT = "to the server", "to the clients"
DIRECTIONS = (TO_SERVER, TO_CLIENT)
BYTES_RECEIVED = 128  # where this counter stands in Linux's TCP_INFO, 8 bytes (linux/tcp.h)
PAUSE = 0.2  # seconds between two looks whether the server is still there


@dataclass
class Connection:
    """What has passed on one connection: chunks (seconds, direction, bytes) in the order of arrival.

    `kernel` has the operating system's own count of the bytes of a direction, or None where it has none.
    """

    chunks: list = field(default_factory=list)
    kernel: dict = field(default_factory=dict)

    def carried(self, direction):
        """Return how many bytes have passed in a direction."""
        return sum(len(data) for _, towards, data in self.chunks if towards == direction)


class Relay:
    """Accepts clients at one address and connects each to the server at another, both HOST:PORT."""

    def __init__(self, listen, server):
        self.listen, self.server = host_and_port(listen), host_and_port(server)
        self.connections = []
        self.open = 0
        # asyncio's own references are weak, and a task without others may be collected.
        self.tasks = set()

    async def run(self, ready):
        """Call `ready` when clients may come; return when the server that they talked to is gone.

        Raises UserError if nothing can listen there.
        """
        self.gone = asyncio.Event()
        try:
            listener = await asyncio.start_server(self._serve, *self.listen)
        except OSError as error:
            where = ":".join(map(str, self.listen))
            raise UserError(
                f"cannot listen on {where}: {error.strerror}; choose another --listen"
            ) from None
        try:
            ready()
            await self.gone.wait()
        finally:
            listener.close()  # and, on Ctrl-C, no waiting until every client has hung up

    async def _serve(self, reader, writer):
        self.tasks.add(asyncio.current_task())
        try:
            far_reader, far_writer = await asyncio.open_connection(*self.server)
        except OSError:
            writer.transport.abort()  # as if nothing listened here
            return
        connection = Connection()
        self.connections.append(connection)
        self.open += 1
        near, far = (reader, writer), (far_reader, far_writer)
        await asyncio.gather(
            _carry(near, far, connection, TO_SERVER), _carry(far, near, connection, TO_CLIENT)
        )
        writer.close()
        far_writer.close()
        self.open -= 1
        await self._watch_the_server()

    async def _watch_the_server(self):
        """End the relay if no client is connected any more and nothing listens at the server's address."""
        while not self.open:
            try:
                _, writer = await asyncio.open_connection(*self.server)
            except OSError:
                self.gone.set()
                return
            writer.close()
            await asyncio.sleep(PAUSE)  # nothing tells when a stranger's process ends


async def _carry(source, target, connection, direction):
    """Pass on what comes until one side has had enough; both are asyncio's (reader, writer)."""
    (reader, own_writer), (_, writer) = source, target
    try:
        while data := await reader.read(65536):
            connection.chunks.append((time.monotonic(), direction, data))
            writer.write(data)
            await writer.drain()
        connection.kernel[direction] = received_by(own_writer.get_extra_info("socket"))
        writer.write_eof()
    except OSError:
        writer.close()


def received_by(sock):
    """Return how many bytes the kernel has received on a TCP socket that is at its end, or None.

    None is for kernels that do not tell, and for connections that were broken off.
    """
    with suppress(AttributeError, OSError, struct.error):
        report = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 256)
        return struct.unpack_from("Q", report, BYTES_RECEIVED)[0] - 1  # the end counts as one
    return None
