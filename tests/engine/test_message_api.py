"""The lesson in the Message API learns what the lesson in the classic API learns."""

from support.command_line import RunError, UserError

import numpy as np
import pytest

from beyond.engine import apps, message_api
from beyond.simulation import messages
from tests.simulation.app_runs import AppRuns


@pytest.fixture
def app_runs(monkeypatch, mnist, tmp_path, one_thread):
    """app_runs(*sizes) makes AppRuns of clients with so many images."""
    return lambda *sizes: AppRuns(monkeypatch, mnist, tmp_path, sizes)


def test_with_weights_that_a_float_holds_the_model_is_that_of_the_classic_api(app_runs):
    # Four clients alike weigh a quarter each; any other weight is rounded, by each API in its way.
    runs = app_runs(40, 40, 40, 40)
    classic, _ = runs.run(apps.main, apps.client_app, run="results/classic")
    messages, _ = runs.run(message_api.main, message_api.client_app, run="results/messages")
    for name in ("global_model.npz",):
        first, second = (
            (runs.directory / "results" / run / name).read_bytes()
            for run in ("classic", "messages")
        )
        assert first == second
    assert all(map(np.array_equal, classic, messages))


def test_clients_weigh_as_much_as_they_have_images(app_runs):
    runs = app_runs(60, 20, 31)
    classic, _ = runs.run(apps.main, apps.client_app, run="results/classic")
    messages, _ = runs.run(message_api.main, message_api.client_app, run="results/messages")
    for first, second in zip(classic, messages, strict=True):
        np.testing.assert_allclose(second, first, rtol=0, atol=1e-5)


def test_the_order_of_replies_does_not_matter(app_runs):
    runs = app_runs(60, 20, 31)
    words = (message_api.main, message_api.client_app)
    one, _ = runs.run(*words, run="results/one")
    two, nodes = runs.run(*words, run="results/two", answer_last=[1000])
    assert all(map(np.array_equal, one, two))
    plain = message_api.FedAvg(
        fraction_evaluate=0.0
    )  # it would matter without our putting them in order
    replies = [reply for _, reply in nodes.passed if reply.content.array_records][-3:]
    forwards, backwards = (
        plain.aggregate_train(2, order)[0].to_numpy_ndarrays() for order in (replies, replies[::-1])
    )
    assert not all(map(np.array_equal, forwards, backwards))


def test_a_node_that_fails_is_done_without(app_runs):
    runs = app_runs(40, 40, 40)
    (runs.directory / "partitions/client_1.npz").unlink()
    runs.run(message_api.main, message_api.client_app)
    rows = (runs.directory / "results/run/history.csv").read_text().splitlines()
    assert [row.split(",")[4:6] for row in rows[1:]] == [["0", "0"], ["2", "1"], ["2", "1"]]


def test_a_run_without_an_update_has_failed(app_runs):
    runs = app_runs(40, 40)
    for number in range(2):
        (runs.directory / f"partitions/client_{number}.npz").unlink()
    with pytest.raises(RunError, match="^no round had an update: the model in .* is unchanged$"):
        runs.run(message_api.main, message_api.client_app)


def test_it_says_that_it_does_not_resume():
    with pytest.raises(UserError, match="leave out --resume"):
        messages.main(["--resume", "--run", "results/none"])
