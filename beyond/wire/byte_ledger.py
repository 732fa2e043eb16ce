"""The ledger of a wiretap: what every byte that passed was, by direction and round."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field

from beyond.wire.flower_messages import TRANSPORT, UNEXPLAINED, account, classes
from beyond.wire.http2 import PREFACE, Reader
from beyond.wire.relay import DIRECTIONS, TO_CLIENT, TO_SERVER

TLS_HANDSHAKE = b"\x16\x03"  # how a client begins that encrypts (RFC 8446, 5.1)


@dataclass
class Ledger:
    """Bytes by kind, for every (direction, round).

    `contents` is what was said in clear, a list of (direction, round, name, bytes).
    Round 0 is what comes before the first instructions to fit. `encrypted` counts the bytes of TLS, which
    cannot be read here, by direction.
    """

    bytes: dict = field(default_factory=lambda: defaultdict(Counter))
    contents: list = field(default_factory=list)
    encrypted: Counter = field(default_factory=Counter)

    def total(self, kind=None):
        """Return the number of all bytes, or of those of a kind."""
        counts = self.bytes.values()
        if kind:
            return sum(count[kind] for count in counts)
        return sum(count.total() for count in counts) + self.encrypted.total()


def keep_ledger(connections):
    """Return the Ledger of all `connections` of a relay."""
    ledger = Ledger()
    for connection in connections:
        start = b"".join(data for _, towards, data in connection.chunks if towards == TO_SERVER)[:2]
        if start == TLS_HANDSHAKE:
            for direction in DIRECTIONS:
                ledger.encrypted[direction] += connection.carried(direction)
        else:
            ConnectionLedger(ledger).keep(connection)
    return ledger


class ConnectionLedger:
    """Adds one connection in clear to `ledger`. Its round is the one that the server has last named."""

    def __init__(self, ledger):
        self.ledger = ledger
        self.readers = {TO_SERVER: Reader(PREFACE), TO_CLIENT: Reader()}
        self.classes = classes()
        self.calls = {}  # by stream: the classes of its messages
        # By direction: the bytes of transport that are in the ledger already.
        self.booked = Counter()
        self.round = 0

    def keep(self, connection):
        """Read all chunks in the order in which they came; what stays unread is unexplained."""
        for _, direction, data in connection.chunks:
            for what, stream, content in self.readers[direction].feed(data):
                if what == "headers":
                    self._note_headers(direction, stream, content)
                else:
                    self._note_message(direction, stream, content)
        for direction, reader in self.readers.items():
            self._book(direction, Counter({UNEXPLAINED: reader.waiting}))

    def _book(self, direction, counts):
        """Book `counts`, and with them what transport has taken since the last time."""
        transport = self.readers[direction].transport
        self.ledger.bytes[direction, self.round].update(counts)
        self.ledger.bytes[direction, self.round][TRANSPORT] += transport - self.booked[direction]
        self.booked[direction] = transport

    def _note_headers(self, direction, stream, headers):
        path = headers.get(b":path", b"").decode(errors="replace")
        if path in self.classes:
            self.calls[stream] = self.classes[path]
        text = b"\n".join(value for pair in headers.items() for value in pair)
        self.ledger.contents.append((direction, self.round, "headers", text))

    def _note_message(self, direction, stream, content):
        """Book a message; instructions to fit begin a round."""
        message, counts = None, Counter({UNEXPLAINED: len(content)})
        if stream in self.calls:
            message, counts = account(content, self.calls[stream][direction])
        name = message.WhichOneof("msg") if message else "undecodable"
        if name == "fit_ins":
            self.round = message.fit_ins.config["server_round"].sint64
        self._book(direction, counts)
        self.ledger.contents.append((direction, self.round, name, content))
