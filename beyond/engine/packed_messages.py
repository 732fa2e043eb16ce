"""A message in one piece: all its records as the bytes of a single one.

Flower takes a message apart and sends each part with a request of its own: two for every array, some twenty
for the lesson's model, four times on their way there and back. Packed, it has three. (Arrays of gigabytes are
better sent as Flower does it, in chunks.)
"""

from flwr.app import ConfigRecord, RecordDict
from flwr.common.serde import recorddict_from_proto, recorddict_to_proto
from flwr.proto.recorddict_pb2 import RecordDict as ProtoRecordDict
from google.protobuf.message import DecodeError

from beyond.engine.grid_around import GridAround

PACKED = "packed"  # the name of the record, and of what is in it


def packed(content):
    """Return a RecordDict with one record, which holds all of the RecordDict `content`."""
    return RecordDict(
        {PACKED: ConfigRecord({PACKED: recorddict_to_proto(content).SerializeToString()})}
    )


def unpacked(content):
    """Return the RecordDict that was packed; one that never was, or is damaged, as it is."""
    try:
        packed_bytes = content.config_records[PACKED][PACKED]
        return recorddict_from_proto(ProtoRecordDict.FromString(packed_bytes))
    except (KeyError, TypeError, ValueError, DecodeError):
        return content


def packing_mod(message, context, call_next):
    """Unpack what a ClientApp is asked and pack what it answers; it is a Flower mod."""
    message.content = unpacked(message.content)
    reply = call_next(message, context)
    if reply.has_content():
        reply.content = packed(reply.content)
    return reply


class PackingGrid(GridAround):
    """The other side: packs what is asked of ClientApps with `packing_mod`, and unpacks what they answer."""

    def push_messages(self, messages):
        """Send `messages`, packed; return their identifiers."""
        return self.grid.push_messages(_all_packed(messages))

    def pull_messages(self, message_ids):
        """Return the replies that have come."""
        return _all_unpacked(self.grid.pull_messages(message_ids))

    def send_and_receive(self, messages, *, timeout=None):
        """Send `messages`, packed; return the replies that have come within `timeout` seconds."""
        return _all_unpacked(self.grid.send_and_receive(_all_packed(messages), timeout=timeout))


def _all_packed(messages):
    messages = list(messages)
    for message in messages:
        message.content = packed(message.content)
    return messages


def _all_unpacked(replies):
    replies = list(replies)
    for reply in replies:
        if reply.has_content():
            reply.content = unpacked(reply.content)
    return replies
