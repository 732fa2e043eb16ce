"""What counts as explained: every byte of what client and server say, and no other."""

import io

import numpy as np
import pytest
from flwr.common import ndarrays_to_parameters
from flwr.common.serde import parameters_to_proto
from flwr.proto.transport_pb2 import ClientMessage, Scalar, ServerMessage
from hpack import Encoder
from hyperframe.frame import ContinuationFrame, DataFrame, HeadersFrame, PingFrame

from beyond.wire.byte_ledger import keep_ledger
from beyond.wire.flower_messages import FIELDS, FRAMING, TRANSPORT, UNEXPLAINED, WEIGHTS, account
from beyond.wire.http2 import PREFACE, Reader
from beyond.wire.relay import TO_CLIENT, TO_SERVER, Connection
from tests.support.lesson import untrained


def answer(weights=None, **metrics):
    """Return a client's answer to fit, as bytes; it has those `weights`, or untrained ones."""
    weights = weights or untrained()
    message = ClientMessage()
    message.fit_res.parameters.CopyFrom(parameters_to_proto(ndarrays_to_parameters(weights)))
    message.fit_res.num_examples = 6000
    for name, value in metrics.items():
        message.fit_res.metrics[name].CopyFrom(Scalar(bytes=value))
    return message.SerializeToString()


def test_the_bytes_of_an_answer_are_those_counted_by_hand():
    content = answer()
    _, counts = account(content, ClientMessage)
    assert counts[WEIGHTS] == 46_730 * 4
    headers = 8 * 128  # NumPy pads the header of every array to 128 bytes
    assert counts[FRAMING] > headers and counts[FRAMING] + counts[FIELDS] < headers + 64
    assert counts.total() == len(content) and counts[UNEXPLAINED] == 0


def test_a_field_that_flower_does_not_know_is_unexplained_and_so_is_what_is_no_message():
    for extra in (b"\xfa\x7f\x05hello", b"\xd8\x3e\x01"):  # bytes, and a number
        _, counts = account(answer() + extra, ClientMessage)
        assert counts[UNEXPLAINED] == len(extra)
    assert account(b"\xff" * 100, ClientMessage)[1] == {UNEXPLAINED: 100}


def test_an_array_that_numpy_would_write_otherwise_is_unexplained():
    tensor = io.BytesIO()
    np.save(tensor, untrained()[0])
    message = ClientMessage()
    message.fit_res.parameters.tensors.append(tensor.getvalue() + b"more")
    _, counts = account(message.SerializeToString(), ClientMessage)
    assert counts[UNEXPLAINED] == len(tensor.getvalue()) + 4 and counts[WEIGHTS] == 0


def framed(content):
    """Return a message as gRPC has it: not compressed, so many bytes long, and the bytes."""
    return b"\0" + len(content).to_bytes(4, "big") + content


def spoken(content):
    """Return what a client says over HTTP/2 to bring one message across, in data frames of 4,000 bytes."""
    headers = HeadersFrame(1, Encoder().encode([(":path", "/flwr.proto.FlowerService/Join")]))
    headers.flags.add("END_HEADERS")
    text = framed(content)
    frames = [DataFrame(1, text[start : start + 4000]) for start in range(0, len(text), 4000)]
    frames.insert(1, PingFrame(0, b"12345678"))
    return PREFACE + b"".join(frame.serialize() for frame in [headers, *frames])


def instructions(server_round):
    """Return what the server says on the same stream to ask for a round."""
    message = ServerMessage()
    message.fit_ins.config["server_round"].sint64 = server_round
    return DataFrame(1, framed(message.SerializeToString())).serialize()


def test_a_client_that_comes_late_is_in_the_round_that_the_server_names():
    said = spoken(answer())
    chunks = [(0.0, TO_SERVER, said[:200]), (0.1, TO_CLIENT, instructions(7))]
    ledger = keep_ledger([Connection([*chunks, (0.2, TO_SERVER, said[200:])])])
    assert ledger.bytes[TO_SERVER, 7][WEIGHTS] == 46_730 * 4
    told = [what[:3] for what in ledger.contents if what[2] != "headers"]
    assert told == [(TO_CLIENT, 7, "fit_ins"), (TO_SERVER, 7, "fit_res")]


@pytest.mark.parametrize("piece", [1000, 16384, 10**6])
def test_frames_may_come_in_any_pieces(piece):
    content, reader = answer(), Reader(PREFACE)
    text = spoken(content)
    pieces = [text[start : start + piece] for start in range(0, len(text), piece)]
    found = [one for part in pieces for one in reader.feed(part)]
    assert [said for what, _, said in found if what == "message"] == [content]
    assert reader.transport == len(text) - len(content) and reader.waiting == 0


def test_headers_may_be_cut_into_frames_and_a_compressed_message_is_unread():
    block = Encoder().encode([(":path", "/a"), ("x", "y" * 50)])
    first, rest = HeadersFrame(3, block[:20]), ContinuationFrame(3, block[20:])
    rest.flags.add("END_HEADERS")
    padded = DataFrame(3, b"\0\0\0\0\3one\1\0\0\0\2", pad_length=7)
    padded.flags.add("PADDED")
    text = b"".join(frame.serialize() for frame in (first, rest, padded))
    reader = Reader()
    found = list(reader.feed(text))
    assert found == [("headers", 3, {b":path": b"/a", b"x": b"y" * 50}), ("message", 3, b"one")]
    # All is counted once: the message, what waits of the next one, and transport.
    assert reader.waiting == 5 and reader.transport == len(text) - 3 - 5
    assert list(Reader(PREFACE).feed(text)) == []  # that is no client's beginning


def test_what_is_cut_off_or_no_http2_is_unexplained():
    content = answer()
    text = spoken(content)
    for said in (text[:-10], b"GET / HTTP/1.1\r\n\r\n"):
        ledger = keep_ledger([Connection([(0.0, TO_SERVER, said)])])
        assert ledger.total() == len(said) and ledger.total(UNEXPLAINED) > 0
    whole = keep_ledger([Connection([(0.0, TO_SERVER, text)])])
    assert (whole.total(UNEXPLAINED), whole.total(TRANSPORT)) == (0, len(text) - len(content))
