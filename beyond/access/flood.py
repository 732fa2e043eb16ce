"""What a stranger without a key can do to SuperLink's memory, at its own port and behind nginx.

    make certificates
    python -m beyond.access.flood --certificates certificates

SuperLink reads a request's body, and takes it apart, before it asks for a key. Everything runs on loopback,
where the stranger has addresses from 127.0.0.2 on, and ends with the command.
"""

import contextlib
import socket
import ssl
import threading
import time
from argparse import Namespace
from pathlib import Path

from flwr.proto.message_pb2 import PushObjectRequest

from beyond.deployment.proxy import find_nginx, start_proxy
from beyond.deployment.services import fresh_logs, start_superlink
from beyond.simulation.private_flower import PrivateFlower
from support.argument_types import host_and_port
from support.certificates import server_certificates
from support.command_line import Options, parse_options, run_command
from support.listening import free_port

SECONDS = 20.0  # that each attack takes
PAUSE = 0.05  # seconds between two looks at the memory
HEAD = (
    "POST /v1/fleet/push-object HTTP/1.1\r\nHost: x\r\nContent-Type: application/protobuf\r\n"
    "Content-Length: {}\r\n\r\n"
)
# What is sent: bytes of a body, connections per address, addresses, whether a body ever ends.
ATTACKS = {
    "20 bodies of 60 MB, never ended": (60_000_000, 20, 1, False),
    "200 of 1 MB, never ended": (1_000_000, 20, 10, False),
    "1 MB after 1 MB on 400 lines": (1_000_000, 50, 8, True),
}


class Attack:
    """Threads that send bodies to `port` until they are stopped; `trust` is an SSLContext."""

    def __init__(self, port, trust, length, lines, addresses, ends):
        self.port, self.trust, self.ends = port, trust, ends
        self.body = PushObjectRequest(object_content=bytes(length)).SerializeToString()
        self.is_over = threading.Event()
        hosts = [f"127.0.0.{2 + number}" for number in range(addresses) for _ in range(lines)]
        self.threads = [threading.Thread(target=self._send, args=[host]) for host in hosts]

    def __enter__(self):
        for thread in self.threads:
            thread.start()

    def __exit__(self, *exception):
        self.is_over.set()
        for thread in self.threads:
            thread.join()

    def _send(self, host):
        while not self.is_over.is_set():
            with contextlib.suppress(OSError):  # refused, or thrown out: again
                plain = socket.create_connection(("127.0.0.1", self.port), SECONDS, (host, 0))
                with self.trust.wrap_socket(plain, server_hostname="127.0.0.1") as line:
                    self._send_on(line)
            self.is_over.wait(PAUSE)

    def _send_on(self, line):
        while not self.is_over.is_set():
            line.sendall(HEAD.format(len(self.body)).encode())
            line.sendall(self.body if self.ends else self.body[:-1])
            if not self.ends:
                self.is_over.wait()
            elif not line.recv(10_000):
                return


def peak(process, attack):
    """Return the most memory, in bytes, that a process has while it is attacked for some seconds."""
    most, end = 0, time.monotonic() + SECONDS
    with attack:
        while time.monotonic() < end:
            most = max(most, process.memory_info().rss)
            time.sleep(PAUSE)
    return most


def attack_once(folder, is_behind_nginx, words):
    """Start a SuperLink and attack it; return the bytes of its memory before, and its peak meanwhile."""
    address, outside = (f"127.0.0.1:{free_port()}" for _ in range(2))
    trust = ssl.create_default_context(cafile=folder / "ca.pem")
    with PrivateFlower(fresh_logs("results/access")) as flower:
        start_superlink(flower, Namespace(address=address, certificates=folder, proxy=False))
        superlink = flower.processes[0]
        if is_behind_nginx:
            start_proxy(flower, outside, address, folder)
        port = host_and_port(outside if is_behind_nginx else address)[1]
        before = superlink.memory_info().rss
        return before, peak(superlink, Attack(port, trust, *words))


def main(arguments=None):
    """Run the command line described above."""
    options = Options()
    options.add_argument("--certificates", metavar="DIR", required=True, help="SuperLink's")
    args = parse_options(arguments, [options])
    server_certificates(args.certificates)
    find_nginx()
    folder = Path(args.certificates).resolve()
    print(f"{'SuperLink, in MB':<34}{'before':>8}{'at its port':>14}{'behind nginx':>14}")
    for what, words in ATTACKS.items():
        before, inside = attack_once(folder, False, words)
        _, outside = attack_once(folder, True, words)
        row = [f"{bytes_ / 1e6:.0f}" for bytes_ in (before, inside, outside)]
        print(f"{what:<34}{row[0]:>8}{row[1]:>14}{row[2]:>14}", flush=True)


if __name__ == "__main__":
    run_command(main)
