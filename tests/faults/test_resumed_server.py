"""What a server that goes on with a run asks of the record, and how long it waits for clients."""

from support.command_line import UserError
from support.options import server_options
from support.robust_server import robust_server

import pytest
from flwr.server.strategy import FedAvg
from torch import nn

from model import CNN
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


def waiting_server(model, *words):
    """Return a server that is started with `words`, as far as it comes without clients."""
    common = ["--clients", 3, "--address", idle_address(), "--run", "run"]
    args = parsed([*common, *words], *server_options())
    with robust_server(args, FedAvg(), model) as server:
        raise Ready(server)


class Ready(Exception):
    """A server is ready; it is the only argument."""


@pytest.mark.parametrize("model", [Narrow, Renamed])
def test_a_run_of_another_model_is_not_gone_on_with(aggregate, tmp_path, model):
    aggregate(three_clients())
    before = snapshot(tmp_path)
    with pytest.raises(UserError, match="holds another model than model.py's"):
        waiting_server(model(), "--resume")
    assert snapshot(tmp_path) == before


@pytest.mark.parametrize(
    "words, seconds",
    [
        ([], None),
        (["--patience", 7], 7),
        (["--resume"], 30),
        (["--resume", "--patience", 7], 7),
    ],
    ids=["new", "new and told", "resumed", "resumed and told"],
)
def test_a_new_server_waits_for_everybody_and_a_resumed_one_half_a_minute(
    aggregate, words, seconds
):
    aggregate(three_clients())
    with pytest.raises(Ready) as ready:
        waiting_server(CNN(), *words)
    assert ready.value.args[0].client_manager().patience == seconds
