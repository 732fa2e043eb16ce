"""One direction of an HTTP/2 connection: frames by hyperframe, headers by hpack, messages put together."""

import struct
from collections import defaultdict

from hpack import Decoder
from hpack.exceptions import HPACKError
from hyperframe.exceptions import HyperframeError
from hyperframe.frame import ContinuationFrame, DataFrame, ExtensionFrame, Frame, HeadersFrame

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"  # how a client begins (RFC 9113, 3.4)
FRAME_HEADER = 9  # bytes before the body of a frame
PREFIX = struct.Struct(">BI")  # before a gRPC message: whether it is compressed, and its length


class Reader:
    """Turns bytes, in whatever pieces they come, into headers and messages.

    `transport` counts the bytes that frames, headers and gRPC's prefixes have taken so far; `broken` is True
    from the first byte on that is no HTTP/2.
    """

    def __init__(self, preface=b""):
        self.preface = preface
        self.transport = 0
        self.broken = False
        self._bytes = bytearray()
        self._block = bytearray()  # of headers, until it is complete
        self._decoder = Decoder()
        self._streams = defaultdict(bytearray)  # what of a message has come

    @property
    def waiting(self):
        """How many bytes have come that nothing has been made of yet."""
        return len(self._bytes) + sum(map(len, self._streams.values()))

    def feed(self, data):
        """Take bytes; yield ("headers", stream, {name: value}) and ("message", stream, bytes)."""
        self._bytes += data
        if self.preface and self._bytes.startswith(self.preface):
            self._take(len(self.preface))
            self.preface = b""
        if self.preface:
            return
        try:
            while not self.broken and (frame := self._next_frame()):
                yield from self._open(frame)
        except (HyperframeError, HPACKError):
            self.broken = True

    def _take(self, size):
        del self._bytes[:size]
        self.transport += size

    def _next_frame(self):
        """Return the next frame if all of it has come; its body counts only if it is not a message's."""
        if len(self._bytes) < FRAME_HEADER:
            return None
        frame, length = Frame.parse_frame_header(memoryview(bytes(self._bytes[:FRAME_HEADER])))
        end = FRAME_HEADER + length
        if len(self._bytes) < end:
            return None
        if isinstance(frame, ExtensionFrame):  # of no type that HTTP/2 knows
            self.broken = True
            return None
        frame.parse_body(memoryview(bytes(self._bytes[FRAME_HEADER:end])))
        self._take(end)
        return frame

    def _open(self, frame):
        if isinstance(frame, DataFrame):
            self.transport -= len(frame.data)
            self._streams[frame.stream_id] += frame.data
            for message in self._messages(self._streams[frame.stream_id]):
                yield "message", frame.stream_id, message
        elif isinstance(frame, HeadersFrame | ContinuationFrame):
            self._block += frame.data
            if "END_HEADERS" in frame.flags:
                headers = self._decoder.decode(bytes(self._block), raw=True)
                self._block.clear()
                yield "headers", frame.stream_id, dict(headers)

    def _messages(self, stream):
        """Yield the messages that are complete; a compressed one, which cannot be read here, stays."""
        while len(stream) >= PREFIX.size:
            compressed, length = PREFIX.unpack_from(stream)
            if compressed or len(stream) < PREFIX.size + length:
                return
            message = bytes(stream[PREFIX.size : PREFIX.size + length])
            del stream[: PREFIX.size + length]
            self.transport += PREFIX.size
            yield message
