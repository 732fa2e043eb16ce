"""What is measured is measured once, with the settings that came out best; the audit counts by hand."""

import math

import numpy as np
import pytest

from beyond.example_privacy import audit, measure, search
from beyond.example_privacy import training as module
from beyond.example_privacy.client import ExampleClient
from beyond.example_privacy.training import NoAccount, Run, clients_of
from model import evaluate, make_model, set_weights, to_tensors
from support.tables import read_table, write_table
from tests.support.lesson import untrained

TRIED = [Run("iid", 8.0, 1000, 8, 20, 256, rate, 0.5) for rate in (0.5, 1.0, 2.0)]


@pytest.fixture
def searched(tmp_path, monkeypatch):
    """A table of search.py in which the second of TRIED is the best, and a shards run is better still."""
    accuracies = dict(zip(TRIED, (0.7, 0.9, 0.8), strict=True))
    accuracies[Run("shards", 8.0, 1000, 8, 20, 256, 4.0, 0.5)] = 0.95
    rows = [
        {**vars(run), "noise_multiplier": 1.0, "accuracy": accuracy, "seconds": 1.0}
        for run, accuracy in accuracies.items()
    ]
    monkeypatch.setattr(measure, "SEARCH", tmp_path / "search.csv")
    write_table(measure.SEARCH, measure.COLUMNS, rows)


@pytest.mark.parametrize("epsilon", [8.0, math.inf])
def test_the_best_settings_of_the_same_scheme_are_measured_with_noise_and_without(
    searched, epsilon
):
    assert measure.best_trial("iid", epsilon) == TRIED[1]


def test_every_run_is_measured_once(tmp_path, monkeypatch):
    trained = []
    monkeypatch.setattr(measure, "train", lambda run, how: trained.append((run, how)) or (0.5, 1.0))
    table = tmp_path / "accuracy.csv"
    measure.measure_all(TRIED[:2], table, validation=True)
    measure.measure_all(TRIED, table)
    assert trained == [(TRIED[0], True), (TRIED[1], True), (TRIED[2], False)]
    assert [row["learning_rate"] for row in read_table(table, measure.COLUMNS)] == [0.5, 1.0, 2.0]


def test_no_trial_of_the_search_has_a_seed_that_is_measured():
    runs = measure.runs(3)
    assert len({*runs}) == len(runs) == 3 * 2 * 3
    assert {run.seed for run in search.trials()}.isdisjoint(run.seed for run in runs)


def test_the_audit_counts_members_above_all_but_one_in_twenty_of_the_others(monkeypatch):
    drawn = iter([np.arange(100) + 50.0, np.arange(100) + 0.0])

    def scores(client, *about):
        client.account = NoAccount()
        return next(drawn)

    monkeypatch.setattr(audit, "scores", scores)
    found = audit.audit(math.inf, 100)
    assert found["found"] == 55 / 100  # 95 to 149 of 50 to 149: above 94.05
    assert found["auc"] == np.mean([i + 50 > j for i in range(100) for j in range(100)])
    assert found["bound"] == 1.0


def test_a_member_is_seen_without_noise():
    # Which images are in a step is chance: 0.93 was measured; 0.7 is four standard deviations from that.
    assert audit.audit(math.inf, 12)["auc"] > 0.7


def test_seeded_noise_differs_from_client_to_client_and_from_round_to_round():
    images, account, drawn = np.full((10, 28, 28), 7, np.uint8), NoAccount(), []
    account.noise_multiplier = 1.0
    config = {"rounds": 2, "batch_size": 1, "local_steps": 1, "learning_rate": 0.1}
    for number, server_round in ((0, 1), (1, 1), (0, 2)):
        client = ExampleClient(number, make_model(), images, np.arange(10), account, 0.5, 3)
        drawn.append(client.fit(untrained(), config | {"server_round": server_round})[0][0])
    assert not np.allclose(drawn[0], drawn[1]) and not np.allclose(drawn[0], drawn[2])


@pytest.mark.parametrize("validation", [True, False])
def test_a_training_is_rounds_of_the_mean_of_its_clients(mnist, monkeypatch, validation):
    training = mnist.images[:60], mnist.labels[:60].astype(np.int64)
    tests = mnist.test_images[:60], mnist.test_labels[:60].astype(np.int64)
    monkeypatch.setattr(module, "arrays", {validation: (training, tests)}.get)
    run = Run("iid", math.inf, 4, 2, 3, 3, 0.1, 0.5)
    accuracy, noise = module.train(run, validation)
    weights, clients = untrained(4), list(clients_of(run, *training))
    for server_round in (1, 2):
        config = {**vars(run), "server_round": server_round}
        updates = [client.fit(weights, config)[0] for client in clients]
        weights = [np.mean(arrays, axis=0) for arrays in zip(*updates, strict=True)]
    model = make_model()
    set_weights(model, weights)
    assert noise == 0 and accuracy == pytest.approx(evaluate(model, *to_tensors(*tests))[1])


def test_without_epsilon_there_is_no_noise_and_no_account(mnist):
    run = Run("iid", math.inf, 4, 1, 1, 10, 0.1, 0.5)
    few = mnist.images[:40], mnist.labels[:40].astype(np.int64)
    clients = list(clients_of(run, *few))
    assert len(clients) == 10 and {type(one.account) for one in clients} == {NoAccount}
    config = {**vars(run), "server_round": 1}
    weights = [clients[0].fit(untrained(), config)[0] for _ in range(2)]
    assert all(map(np.array_equal, *weights))
