"""A packed message is three objects, says the same, and whatever is damaged stays what it was."""

import numpy as np
import pytest
from flwr.app import Array, ArrayRecord, ConfigRecord, Error, Message, MetricRecord, RecordDict
from flwr.supercore.inflatable.inflatable_object import get_all_nested_objects
from flwr.supercore.task_identity import TaskIdentity

from beyond.engine.packed_messages import PACKED, PackingGrid, packed, packing_mod, unpacked
from tests.support.lesson import untrained


@pytest.fixture(autouse=True)
def task(monkeypatch):
    """Let Flower believe that this process has a task: it asks whenever a message is made."""
    for name in ("_run_id", "_node_id", "_task_id"):
        monkeypatch.setattr(TaskIdentity, name, 7)


def content():
    """Return a RecordDict as the lesson's messages have it, and more kinds of arrays and values."""
    arrays = [*untrained(), np.array(7), np.empty((0, 3), np.float16)]
    return RecordDict(
        {
            "arrays": ArrayRecord(arrays),
            "one": ArrayRecord({"name": Array(np.arange(3))}),
            "config": ConfigRecord({"text": "ä", "bytes": b"\x00", "list": [1.5, float("inf")]}),
            "metrics": MetricRecord({"count": 6000}),
        }
    )


def question():
    return Message(content(), dst_node_id=5, message_type="train")


def objects_in(message):
    return len(get_all_nested_objects(message))


def test_it_says_the_same_in_three_objects():
    message = question()
    before = objects_in(message)
    message.content = packed(message.content)
    assert objects_in(message) == 3 < before
    found = unpacked(message.content)
    assert found == content() and list(found) == list(content())
    for name in ("arrays", "one"):
        for ours, theirs in zip(found[name].values(), content()[name].values(), strict=True):
            assert ours.numpy().tobytes() == theirs.numpy().tobytes()
            assert ours.numpy().dtype == theirs.numpy().dtype


def test_what_cannot_be_unpacked_stays_what_it_is():
    contents = [{}, {PACKED: b"\xff\xff\xff"}, {PACKED: "text"}, {PACKED: 7}]
    damaged = [{PACKED: ConfigRecord(content)} for content in contents]
    damaged += [{}, {"config": ConfigRecord({"a": 1})}, {PACKED: MetricRecord({PACKED: 7})}]
    for records in damaged:
        assert unpacked(RecordDict(records)) == RecordDict(records)


class Nodes:
    """A grid with one node, whose ClientApp has the mod and answers with what it is asked."""

    def __init__(self, answer):
        self.answer = answer

    def push_messages(self, messages):
        self.sizes = list(map(objects_in, messages))
        self.replies = [packing_mod(message, None, self.answer) for message in messages]
        self.sizes += map(objects_in, self.replies)
        return ["one"]

    def pull_messages(self, message_ids):
        return self.replies

    def send_and_receive(self, messages, *, timeout=None):
        return self.pull_messages(self.push_messages(messages))


@pytest.mark.parametrize("fails", [False, True])
def test_both_sides_see_what_the_other_has_said(fails):
    asked = []

    def answer(message, context):
        asked.append(message.content)
        return Message(Error(code=1) if fails else content(), reply_to=message)

    nodes = Nodes(answer)
    grid = PackingGrid(nodes)
    for ask in (lambda m: grid.pull_messages(grid.push_messages(m)), grid.send_and_receive):
        [reply] = ask([question()])
        assert nodes.sizes == [3, 1 if fails else 3]
        assert reply.has_error() if fails else reply.content == content()
    assert asked == [content(), content()]
