"""The lesson in the Message API learns what the lesson in the classic API learns."""

from unittest.mock import Mock, call

import numpy as np
import pytest
from flwr.app import Context, RecordDict
from torch.testing import assert_close

from beyond.engine import apps, message_api
from beyond.engine.grid_around import GridAround
from beyond.simulation import messages
from support.command_line import RunError, UserError
from support.tables import read_history
from tests.simulation.app_runs import AppRuns
from tests.support.harness import sha256
from tests.support.lesson import instructions, owner, untrained
from tests.support.small import write_partitions

CLASSIC = (apps.main, apps.client_app)
MESSAGES = (message_api.main, message_api.client_app)


@pytest.fixture
def app_runs(monkeypatch, mnist, tmp_path):
    """app_runs(*sizes) makes AppRuns of clients with so many images."""
    return lambda *sizes: AppRuns(monkeypatch, mnist, tmp_path, sizes)


@pytest.mark.parametrize(
    ("sizes", "tolerance"),
    # Four clients alike weigh a quarter each; any other weight is rounded, by each API in its way.
    [((40, 40, 40, 40), 0), ((60, 20, 31), 1e-5)],
)
def test_the_model_is_that_of_the_classic_api(app_runs, sizes, tolerance):
    runs = app_runs(*sizes)
    classic, _ = runs.run(*CLASSIC, run="results/classic")
    messages, _ = runs.run(*MESSAGES, run="results/messages")
    assert_close(messages, classic, rtol=0, atol=tolerance)
    files = [runs.directory / f"results/{run}/global_model.npz" for run in ("classic", "messages")]
    assert tolerance or sha256(files[0]) == sha256(files[1])


def test_the_order_of_replies_does_not_matter(app_runs):
    runs = app_runs(60, 20, 31)
    one, _ = runs.run(*MESSAGES, run="results/one")
    two, nodes = runs.run(*MESSAGES, run="results/two", answer_last=[1000])
    assert all(map(np.array_equal, one, two))
    # It would matter without our putting them in order.
    replies = [reply for _, reply in nodes.passed if reply.content.array_records][-3:]
    plain = message_api.FedAvg(fraction_evaluate=0.0)
    models = [plain.aggregate_train(2, order)[0] for order in (replies, replies[::-1])]
    assert not all(map(np.array_equal, *(model.to_numpy_ndarrays() for model in models)))


def test_a_node_that_fails_is_done_without(app_runs):
    runs = app_runs(40, 40, 40)
    (runs.directory / "partitions/client_1.npz").unlink()
    runs.run(*MESSAGES)
    rows = read_history(runs.directory / "results/run")
    assert [(row.clients, row.failures) for row in rows] == [(0, 0), (2, 1), (2, 1)]
    for row in rows[1:]:  # weights went to all three, and came from two
        each, rest = divmod(row.bytes_received, 2)
        assert rest == 0 and 0 <= each - 46_730 * 4 < 2000 and row.bytes_sent == 3 * each


@pytest.mark.parametrize("app", [MESSAGES, CLASSIC], ids=["messages", "apps"])
def test_a_run_begins_with_the_weights_of_its_seed(app_runs, app):
    runs = app_runs(30)
    model, _ = runs.run(*app, seed=3, **{"learning-rate": 0.1})
    weights, alone = untrained(3), owner(runs.directory, 0)
    for number in (1, 2):
        told = instructions(number, "--seed", 3, "--batch-size", 8, "--learning-rate", 0.1)
        weights, *_ = alone.fit(weights, told)
    assert_close(model, weights, rtol=0, atol=1e-6)


@pytest.mark.parametrize("chapter", ["lesson", "heterogeneity", "privacy"])
def test_a_node_reads_the_folder_that_its_own_config_names(mnist, tmp_path, chapter):
    write_partitions(tmp_path / "far", mnist, [5, 7], test_size=1)
    config = {"partition-id": 1, "folder": str(tmp_path / "far/partitions")}
    context = Context(1, 2, config, RecordDict(), {"chapter": chapter})
    participant = apps.make_client(context)
    assert len(participant.client.numpy_client.labels) == 7 and participant.number == 1


def test_a_grid_around_a_grid_passes_everything_on():
    asked = {"get_node_ids": (), "get_nodes": (), "set_run": (7,), "push_messages": ([1],)}
    asked |= {"pull_messages": (["a"],), "create_message": (1, 2), "send_and_receive": ([3],)}
    for name, words in asked.items():
        inner = Mock(spec=[name])
        answer = getattr(GridAround(inner), name)(*words)
        assert answer is (None if name == "set_run" else getattr(inner, name).return_value)
        more = {"timeout": None} if name == "send_and_receive" else {}
        assert inner.method_calls == [getattr(call, name)(*words, **more)]


def test_a_run_without_an_update_has_failed(app_runs):
    runs = app_runs(40, 40)
    for number in range(2):
        (runs.directory / f"partitions/client_{number}.npz").unlink()
    with pytest.raises(RunError, match="^no round had an update: the model in .* is unchanged$"):
        runs.run(*MESSAGES)


def test_it_says_that_it_does_not_resume():
    with pytest.raises(UserError, match="leave out --resume"):
        messages.main(["--resume", "--run", "results/none"])
