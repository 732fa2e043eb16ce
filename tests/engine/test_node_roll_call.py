"""The roll call of nodes: who does not say what it holds is named, and nobody is let in twice."""

import threading
from unittest.mock import Mock

import pytest
from flwr.client import Client
from flwr.common import FitIns, Parameters
from flwr.server.strategy import FedAvg

from beyond.engine.node_client import NodeParticipant, partition_of
from beyond.engine.node_roll_call import NodeRollCall
from support.command_line import UserError
from support.events import tell_nothing
from support.identity import NUMBER
from support.recorded_strategy import WatchedClient
from support.sound_updates import SoundUpdates
from tests.support.handmade import SilentClient
from tests.support.harness import PATIENCE, wait_until


class Node:
    """A ClientProxy of a node that holds a partition, or has none to tell of."""

    def __init__(self, cid, number=None):
        self.cid, self.number = cid, number
        self.properties, self.asked = {}, 0

    def get_properties(self, ins, timeout, group_id):
        self.asked += 1
        if self.number is None:
            raise error_of_a_node("<class 'ClientAppException'>:<'this node has none'>")
        ins.properties = {NUMBER: self.number}
        return ins

    def reconnect(self, ins, timeout, group_id):
        pass


def error_of_a_node(reason):
    """Return what GridClientProxy raises for a node's error."""
    return ValueError(f"Message contains an Error (reason: {reason}). It originated there.")


def settle(roll_call):
    """Return when nobody is being asked any more."""
    wait_until(lambda: not roll_call.asked, "an answer from everybody")


def test_a_node_without_a_partition_is_named_with_its_reason(capsys):
    roll_call = NodeRollCall(2, 1, 0)
    roll_call.register(Node("77"))
    settle(roll_call)
    assert capsys.readouterr().out == "Node 77 cannot take part: this node has none\n"
    assert len(roll_call) == 0


def test_a_node_that_could_not_answer_at_first_is_asked_until_it_can(capsys, monkeypatch):
    monkeypatch.setattr("beyond.engine.node_roll_call.PAUSE", 0.02)
    roll_call = NodeRollCall(1, 1, 0)
    node = Node("77")
    roll_call.register(node)
    waiting = threading.Thread(target=roll_call.gather, args=(1, True), daemon=True)
    waiting.start()
    wait_until(lambda: node.asked > 2, "more questions")
    node.number = 0
    waiting.join(PATIENCE)
    assert list(roll_call.clients) == ["77"]
    assert capsys.readouterr().out.count("cannot take part") == 1


def test_patience_ends_although_nobody_can_answer():
    roll_call = NodeRollCall(2, 0, 0, patience=0.05)
    roll_call.register(Node("77"))
    roll_call.gather(1, first_round=True)
    assert len(roll_call) == 0


def test_a_partition_that_another_node_has_is_refused_until_that_one_has_gone(capsys):
    roll_call = NodeRollCall(2, 1, 0, patience=0.01)
    first, second = Node("1", 0), Node("2", 0)
    for node in (first, second):
        roll_call.register(node)
        settle(roll_call)
    assert "Client 0 refused: client 0 takes part already" in capsys.readouterr().out
    roll_call.gather(1, first_round=True)
    settle(roll_call)
    assert list(roll_call.clients) == ["1"]
    roll_call.unregister(first)
    roll_call.gather(2, first_round=False)  # returns once enough are there: the second one
    assert list(roll_call.clients) == ["2"]


def test_whoever_takes_part_is_asked_once():
    roll_call = NodeRollCall(1, 1, 0)
    node = Node("1", 0)
    roll_call.register(node)
    settle(roll_call)
    for number in (1, 2, 3):
        roll_call.gather(number, first_round=False)
    assert node.asked == 1


@pytest.mark.parametrize(
    "config", [{}, {"partition-id": "3"}, {"partition-id": -1}, {"partition-id": True}]
)
def test_a_node_has_to_say_which_partition_it_holds(config):
    with pytest.raises(UserError, match="this node's config has no partition-id"):
        partition_of(config)


@pytest.mark.parametrize("question", ["fit", "evaluate"])
def test_a_client_that_fails_fails_the_message_and_not_the_nodes_process(question):
    """Flower answers what an app raises, if it is an Exception."""

    misfit = Client()  # its data does not fit its network
    misfit.fit = misfit.evaluate = Mock(side_effect=RuntimeError("shapes\ndiffer"))
    failing = pytest.raises(UserError, match="client_3.npz: RuntimeError: shapes differ")
    with failing as caught:
        getattr(NodeParticipant(misfit, 3), question)(None)
    assert caught.value.__suppress_context__  # a node's log is no place for the whole chain


RAYS = (
    "<class 'flwr.clientapp.client_app.ClientAppException'>:<'ray::run()\n  File \"x.py\"\n"
    "ClientAppException: \nException ClientAppException occurred. Message: it's KeyError: 'x''>"
)


@pytest.mark.parametrize(
    "failure, reason",
    [
        (error_of_a_node("<class 'support.command_line.UserError'>:<'no\nmodel'>"), "no model"),
        (error_of_a_node(RAYS), "it's KeyError: 'x'"),
        (TimeoutError(), "it has left, or took longer than"),
    ],
    ids=["ours", "through Ray", "late"],
)
def test_why_a_node_has_sent_no_update_is_said_in_a_line(failure, reason, capsys):
    client = SilentClient(4, [], 0)
    client.properties["partition_id"] = 4
    client.fit = Mock(side_effect=failure)
    with pytest.raises(type(failure)):
        WatchedClient(client, tell_nothing, 1).fit(FitIns(Parameters([], ""), {}), None, None)
    strategy = SoundUpdates(FedAvg(), 100)
    strategy.asked = [client]
    strategy.aggregate_fit(1, [], [])
    assert f"Round 1: no update from Client 4; {reason}" in capsys.readouterr().out
