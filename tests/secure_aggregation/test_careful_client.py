"""What a client of secure aggregation takes is what our own server sends, at the boundaries, too."""

import pytest
from flwr.app import ConfigRecord, RecordDict
from flwr.common.secure_aggregation.secaggplus_constants import Key, Stage

from beyond.secure_aggregation.careful_client import Refusal, check_question
from beyond.secure_aggregation.careful_training import check_instructions, check_round
from beyond.secure_aggregation.shares import protocol, threshold
from tests.support.lesson import instructions

CONFIG = {"max-examples-per-client": 60_000}


def is_taken(check, *arguments):
    """Return whether `check` does not refuse."""
    try:
        check(*arguments)
    except Refusal as refusal:
        assert str(refusal).endswith("; not taking part") and "\n" not in str(refusal)
        return False
    return True


def ask(stage, asked, state=None):
    return is_taken(check_question, {Key.STAGE: stage, **asked}, state or {}, CONFIG)


@pytest.mark.parametrize("shares", range(1, 13))
@pytest.mark.parametrize("needed", range(1, 13))
def test_shares_and_threshold_are_those_of_our_server(shares, needed):
    asked = {**protocol(shares, 60_000), Key.THRESHOLD: needed}
    assert ask(Stage.SETUP, asked) == (shares >= 5 and needed == max(4, shares // 2 + 1))


@pytest.mark.parametrize("shares", [5, 7, 10, 11])
@pytest.mark.parametrize("members", range(1, 13))
def test_a_group_is_as_large_as_our_server_demands(shares, members):
    state = {"threshold": threshold(shares), "share_num": shares, "nid": 7}
    group, is_enough = [*range(7, 7 + members)], members >= max(5, shares // 2 + 1)
    assert ask(Stage.SHARE_KEYS, {str(node): [b"", b""] for node in group}, state) == is_enough
    collect = {Key.SOURCE_LIST: group[1:]}  # this client is in its group without having sent
    assert ask(Stage.COLLECT_MASKED_VECTORS, collect, state) == is_enough
    unmask = {Key.ACTIVE_NODE_ID_LIST: group, Key.DEAD_NODE_ID_LIST: []}
    assert ask(Stage.UNMASK, unmask, state) == (members >= threshold(shares))


def test_a_node_is_counted_once_whatever_it_is_called():
    state = {"threshold": 4, "nid": 7}
    assert not ask(Stage.SHARE_KEYS, dict.fromkeys(["7", "8", "08", "008", "+8"], b""), state)
    assert not ask(Stage.COLLECT_MASKED_VECTORS, {Key.SOURCE_LIST: [8, 8, 8, 9, 10, 11]}, state)
    assert not ask(Stage.COLLECT_MASKED_VECTORS, {Key.SOURCE_LIST: [7, 8, 9, 10]}, state)
    for active, dead in (
        ([8, 9, 10, 11], []),  # this one is not among them
        ([7, 7, 7, 7], []),
        ([7, 8, 9, 10, 11], [8]),  # there, and gone
    ):
        lists = {Key.ACTIVE_NODE_ID_LIST: active, Key.DEAD_NODE_ID_LIST: dead}
        assert not ask(Stage.UNMASK, lists, state)


@pytest.mark.parametrize("name", list(protocol(5, 60_000)))
def test_no_setting_may_be_missing_or_another(name):
    right = protocol(5, 60_000)
    assert ask(Stage.SETUP, right)
    assert not ask(Stage.SETUP, right | {name: right[name] * 2 + 1})
    if name != Key.SHARE_NUMBER:
        assert not ask(Stage.SETUP, {key: right[key] for key in right if key != name})


def test_instructions_to_learn_nothing_are_refused():
    right = instructions(1)
    assert is_taken(check_instructions, right)
    for name, values in {
        "learning_rate": (0.0, -0.05, float("nan"), float("inf")),
        "local_epochs": (0, True),
        "batch_size": (0, 0.5),
        "server_round": (0, None),
    }.items():
        for value in values:
            assert not is_taken(check_instructions, right | {name: value}), (name, value)


def test_round_numbers_go_up_as_long_as_the_context_lives():
    state = RecordDict({"answered": ConfigRecord({"answered": 3})})
    assert [is_taken(check_round, number, state) for number in (2, 3, 4)] == [False, False, True]
    assert is_taken(check_round, 1, RecordDict())  # another run, or another node: nothing is known
