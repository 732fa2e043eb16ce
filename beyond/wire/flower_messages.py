"""What Flower's messages consist of: weights, other fields, framing; decoded by Flower's own classes."""

import io
from collections import Counter

import numpy as np
from flwr.proto import transport_pb2
from flwr.proto.transport_pb2 import ClientMessage, ServerMessage
from google.protobuf.message import DecodeError

from beyond.wire.relay import TO_CLIENT, TO_SERVER

WEIGHTS, FIELDS, FRAMING = "weights", "other fields", "NumPy, protobuf"
TRANSPORT, UNEXPLAINED = "gRPC, HTTP/2", "unexplained"
KINDS = (WEIGHTS, FIELDS, FRAMING, TRANSPORT, UNEXPLAINED)


def classes():
    """Return {path of a call: {direction: class of its messages}} of the service that Flower declares."""
    service = transport_pb2.DESCRIPTOR.services_by_name["FlowerService"]
    known = {"ClientMessage": ClientMessage, "ServerMessage": ServerMessage}
    return {
        f"/{service.full_name}/{method.name}": {
            TO_SERVER: known[method.input_type.name],
            TO_CLIENT: known[method.output_type.name],
        }
        for method in service.methods
    }


def account(content, message_class):
    """Return (message or None, Counter of bytes by kind) of one message; the counts sum to len(content).

    A byte is explained if Flower's classes have a place for it: what is left over when they, and NumPy, write
    the same message again is unexplained.
    """
    try:
        message = message_class.FromString(content)
    except DecodeError:
        return None, Counter({UNEXPLAINED: len(content)})
    known = message_class.FromString(content)
    known.DiscardUnknownFields()
    counts = Counter({UNEXPLAINED: abs(len(content) - known.ByteSize())})
    for parameters in parameters_in(known):
        for tensor in parameters.tensors:
            counts += _account_tensor(tensor)
        del parameters.tensors[:]
    counts[FIELDS] = known.ByteSize()
    counts[FRAMING] += len(content) - counts.total()  # protobuf's own around the tensors
    return message, counts


def parameters_in(message):
    """Return the fields of type Parameters of a message: weights, as Flower sends them."""
    found = []
    for field, value in message.ListFields():
        if field.message_type and field.message_type.name == "Parameters":
            found.append(value)
        elif field.message_type and not field.is_repeated:
            found += parameters_in(value)
    return found


def _account_tensor(tensor):
    """Return the bytes of one array in NumPy's format, which has to be as NumPy itself would write it."""
    try:
        array = np.load(io.BytesIO(tensor), allow_pickle=False)
        again = io.BytesIO()
        np.save(again, array, allow_pickle=False)
    except Exception:  # a stranger's bytes make NumPy raise almost anything
        return Counter({UNEXPLAINED: len(tensor)})
    if again.getvalue() != tensor:
        return Counter({UNEXPLAINED: len(tensor)})
    return Counter({WEIGHTS: array.nbytes, FRAMING: len(tensor) - array.nbytes})
