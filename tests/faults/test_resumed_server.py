"""What a server that goes on with a run asks of the record, and how long it waits for clients."""

import pytest
from flwr.server.strategy import FedAvg
from torch import nn

from model import CNN
from support.command_line import UserError, parse_options
from support.options import server_options
from support.robust_server import robust_server, roll_call_of
from support.roll_call import RollCall
from support.run_record import RunRecord
from support.run_settings import check_settings
from tests.support.handmade import three_clients
from tests.support.harness import snapshot
from tests.support.lesson import parsed
from tests.support.ports import idle_address


class Narrow(CNN):
    """A network whose weights have the names of CNN's, and other shapes."""

    def __init__(self):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(32 * 4 * 4, 32), nn.Linear(32, 10)


class Renamed(CNN):
    """A network whose weights have the shapes of CNN's, and other names."""

    def __init__(self):
        super().__init__()
        self.last = self.fc2
        del self.fc2


@pytest.mark.parametrize("model", [Narrow, Renamed])
def test_a_run_of_another_model_is_not_gone_on_with(aggregate, tmp_path, model):
    aggregate(three_clients())
    before = snapshot(tmp_path)
    words = ["--clients", 3, "--address", idle_address(), "--run", "run", "--resume"]
    args = parse_options(words, server_options())
    with (
        pytest.raises(UserError, match="holds another model than model.py's"),
        robust_server(args, FedAvg(), model()),
    ):
        pass
    assert snapshot(tmp_path) == before


WAITS = [([], None), (["--patience", 7], 7), (["--resume"], 30), (["--resume", "--patience", 7], 7)]


@pytest.mark.parametrize("words, seconds", WAITS)
def test_a_new_server_waits_for_everybody_and_a_resumed_one_half_a_minute(words, seconds):
    args = parsed(words, *server_options())
    assert roll_call_of(args, 1, RollCall, print).patience == seconds


MADE_WITH = {"seed": 3, "warm": True, "cold": False, "decay": None, "tags": ["a", "b"]}
OTHERS = {
    "seed": (0, "with --seed 3"),
    "warm": (False, "with --warm"),
    "cold": (True, "without --cold"),
    "decay": (0.5, "without --decay"),
    "tags": ([], "with --tags a b"),
    "new": (None, "without --new"),
}


@pytest.mark.parametrize("name", OTHERS)
def test_a_setting_that_differs_is_named_as_the_run_was_made_whatever_it_is(tmp_path, name):
    RunRecord(tmp_path, MADE_WITH, {}).begin()
    check_settings(tmp_path, MADE_WITH)
    value, how = OTHERS[name]
    with pytest.raises(UserError, match=f"was made {how}; resume it in the same way"):
        check_settings(tmp_path, {name: value})
