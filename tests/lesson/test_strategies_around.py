"""A strategy around a strategy answers its own question, passes on the others, and nests with Flower's."""

import inspect
from types import SimpleNamespace

import numpy as np
import pytest
from flwr.common import FitIns, FitRes, ndarrays_to_parameters, parameters_to_ndarrays
from flwr.server.client_manager import SimpleClientManager
from flwr.server.strategy import DifferentialPrivacyServerSideFixedClipping, FedAvg, Strategy

from support.command_line import RunError
from support.events import EventLog
from support.recorded_strategy import RecordedStrategy, WatchedClient
from support.run_record import RunRecord
from support.sound_updates import AVERAGED, SoundUpdates
from support.strategy_around import StrategyAround
from support.tables import read_history
from support.terminal import RoundReport
from tests.support.handmade import OK

WEIGHTS = [np.arange(6, dtype=np.float32).reshape(2, 3), np.zeros(2, np.float32)]
QUESTIONS = sorted(Strategy.__abstractmethods__)


class Noted:
    """Answers every question with its own name and what it was asked with."""

    def __getattr__(self, question):
        return lambda *arguments: (question, arguments)


@pytest.mark.parametrize("question", QUESTIONS)
def test_all_six_questions_are_passed_on(question):
    assert len(QUESTIONS) == 6
    count = len(inspect.signature(getattr(Strategy, question)).parameters) - 1
    arguments = tuple(object() for _ in range(count))
    around = StrategyAround(StrategyAround(Noted()))
    assert getattr(around, question)(*arguments) == (question, arguments)


def a_client(number, **more):
    """Return a connection as strategies see it."""
    properties = {"partition_id": number}
    return SimpleNamespace(cid=f"connection-{number}", properties=properties, **more)


def update(value, count=10):
    """Return what a client sends whose weights are all `value`."""
    weights = [np.full_like(array, value) for array in WEIGHTS]
    return FitRes(OK, ndarrays_to_parameters(weights), count, {})


def a_round(strategy, values):
    """Play one round in which clients send these values; return (arrays or None, metrics)."""
    clients = SimpleClientManager()
    for number in range(len(values)):
        clients.register(a_client(number))
    asked = strategy.configure_fit(1, ndarrays_to_parameters(WEIGHTS), clients)
    results = [(client, update(value)) for (client, _), value in zip(asked, values, strict=True)]
    parameters, metrics = strategy.aggregate_fit(1, results, [])
    return parameters and parameters_to_ndarrays(parameters), metrics


def test_a_round_without_a_sound_update_says_so_and_asks_nobody_inside(capsys):
    inside = FedAvg()
    inside.aggregate_fit = None
    assert a_round(SoundUpdates(inside, 60_000), [np.nan, np.inf]) == (None, {AVERAGED: 0})
    assert "no update could be used" in capsys.readouterr().out


@pytest.mark.parametrize("end", [np.nan, np.inf, 1e39])
def test_a_strategy_whose_step_leads_to_no_numbers_ends_the_run(end):
    inside = FedAvg()
    astray = [np.full(array.shape, end) for array in WEIGHTS]  # float64, where 1e39 is a number
    inside.aggregate_fit = lambda *words: (ndarrays_to_parameters(astray), {})
    with pytest.raises(RunError, match="NaN or infinite; try a smaller learning rate"):
        a_round(SoundUpdates(inside, 60_000), [1.0, 3.0])


def wrapped(strategy):
    """Return Flower's own wrapper around `strategy`, with next to no noise."""
    return DifferentialPrivacyServerSideFixedClipping(strategy, 1e-12, 1e3, 2)


@pytest.mark.parametrize(
    "nested",
    [SoundUpdates(wrapped(FedAvg()), 60_000), wrapped(SoundUpdates(FedAvg(), 60_000))],
    ids=["around Flower's", "inside Flower's"],
)
def test_ours_nest_with_flowers_own(nested):
    weights, _ = a_round(nested, [1.0, 3.0])
    for array in weights:
        np.testing.assert_allclose(array, 2.0, atol=1e-4)


def test_what_a_client_took_is_told_in_seconds(monkeypatch):
    spent, told = [100.0], []
    clock = SimpleNamespace(monotonic=lambda: sum(spent))
    monkeypatch.setattr("support.recorded_strategy.time", clock)
    slow = a_client(4, fit=lambda ins, **more: spent.append(5.0) or update(2.0, count=7))
    client = WatchedClient(slow, lambda what, **about: told.append((what, about)), 3)
    client.fit(FitIns(ndarrays_to_parameters(WEIGHTS), {}), None, None)
    (sent, before), (received, after) = told
    assert (sent, received) == ("sent", "received") and before["bytes"] == after["bytes"] > 0
    assert (after["took"], after["images"], after["round"], after["client"]) == (5.0, 7, 3, 4)


@pytest.mark.parametrize("inner", [lambda one: one, lambda one: SoundUpdates(one, 60_000)])
def test_recorded_strategy_records_what_it_sees_alone_and_around_sound_updates(tmp_path, inner):
    inside = FedAvg(evaluate_fn=lambda number, weights, config: (0.5, {"accuracy": 0.25 * number}))
    record = RunRecord(tmp_path / "run", {}, dict(zip(["one", "two"], WEIGHTS, strict=True)))
    events = EventLog(tmp_path / "run")
    strategy = RecordedStrategy(inner(inside), record, RoundReport(rounds=1), events)
    strategy.evaluate(0, ndarrays_to_parameters(WEIGHTS))
    weights, metrics = a_round(strategy, [1.0, 3.0])
    strategy.evaluate(1, ndarrays_to_parameters(weights))
    payload = sum(map(len, ndarrays_to_parameters(WEIGHTS).tensors))
    before, after = read_history(tmp_path / "run")
    assert (before.accuracy, before.clients, before.bytes_sent) == (0.0, 0, 0)
    assert (after.accuracy, after.clients, after.failures) == (0.25, 2, 0)
    assert (after.bytes_sent, after.bytes_received) == (2 * payload, 2 * payload)
    assert AVERAGED not in metrics
    with np.load(tmp_path / "run/global_model.npz") as file:
        assert file.files == ["one", "two"] and (file["one"] == 2.0).all()
