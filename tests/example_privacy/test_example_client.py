"""A client counts before it trains, gives no more than its budget, and lets nothing out but noisy weights."""

from contextlib import ExitStack

import numpy as np
import pytest
from torch import nn

from beyond.example_privacy import client as room
from beyond.example_privacy.account import COLUMNS, Account
from beyond.example_privacy.accountant import Plan, spent_epsilon
from beyond.example_privacy.client import make_client
from beyond.example_privacy.options import example_privacy_options
from model import make_model
from support.command_line import RunError, UserError
from support.tables import read_table
from tests.support.lesson import instructions, parsed, untrained

DELTA = 1e-5
IMAGES = np.random.default_rng(0).integers(0, 256, (30, 28, 28), np.uint8)
LABELS = np.arange(30) % 10


@pytest.fixture
def begin(tmp_path):
    """begin(*words) starts a client anew, as after a crash: the account is all that it remembers."""
    with ExitStack() as stack:

        def make(*words, images=IMAGES, network=None, stack=stack):
            stack.close()  # the client before has ended
            words = ["--target-epsilon", 8, "--accounts", tmp_path / "accounts", *words]
            args = parsed(words, example_privacy_options())
            return make_client(args, stack, 0, network or make_model(), images, LABELS)

        yield make


def fit(client, server_round=1, rounds=3, **changes):
    """Train with what the server sends, but for `changes`."""
    lesson = instructions(server_round, "--batch-size", 10, "--learning-rate", 0.1)
    return client.fit(untrained(), {**lesson, "local_steps": 0, "rounds": rounds, **changes})


def on_disk(client):
    return read_table(client.account.path, COLUMNS)


def test_the_account_is_on_disk_before_the_images_are_looked_at(begin, monkeypatch):
    client, seen = begin(), []
    monkeypatch.setattr(room, "train_privately", lambda *given: seen.append(len(on_disk(client))))
    for server_round in (1, 2, 3):
        fit(client, server_round)
    assert seen == [1, 2, 3]


def test_nothing_is_trained_that_cannot_be_counted(begin, monkeypatch):
    client = begin()
    monkeypatch.setattr(room, "train_privately", lambda *arguments: pytest.fail("it trains"))
    client.account.path = client.account.path / "not a directory"
    client.account.path.parent.write_text("a file", encoding="utf-8")
    with pytest.raises(RunError, match="cannot write"):
        fit(client)


def test_rounds_spend_all_of_epsilon_and_no_more(begin):
    client = begin()
    for server_round in (1, 2, 3):
        weights, count, metrics = fit(client, server_round)
        assert count == 30 and metrics == {}
    rows = on_disk(client)
    assert [row["steps"] for row in rows] == [3, 3, 3]
    plan = Plan(10 / 30, rows[0]["noise_multiplier"], 9)
    assert rows[-1]["epsilon"] == spent_epsilon([plan], DELTA)
    assert 7.9 < rows[-1]["epsilon"] <= 8
    with pytest.raises(UserError, match="has spent epsilon .* of 8 on these images"):
        fit(client, 4)


def test_a_client_that_was_killed_and_a_round_sent_twice_stay_within_epsilon(begin):
    fit(begin(), 1)
    fit(begin(), 2)
    client = begin()  # the server has lost round 2, and sends it again
    fit(client, 2)
    fit(client, 3)
    rows = on_disk(client)
    assert [row["round"] for row in rows] == [1, 2, 2, 3]
    plans = [Plan(row["sampling_rate"], row["noise_multiplier"], row["steps"]) for row in rows]
    assert 7.9 < spent_epsilon(plans, DELTA) == rows[-1]["epsilon"] <= 8
    assert rows[0]["noise_multiplier"] < rows[-1]["noise_multiplier"]  # what is left is spread


def test_another_run_on_the_same_images_finds_them_spent_and_a_larger_budget_goes_on(begin):
    fit(begin(), 1, 1)
    with pytest.raises(UserError, match="--target-epsilon"):
        fit(begin(), 1, 1)
    fit(begin(images=255 - IMAGES), 1, 1)  # other images, another account
    client = begin("--target-epsilon", "10")
    fit(client, 1, 1)
    assert 8 < on_disk(client)[-1]["epsilon"] <= 10


@pytest.mark.parametrize(
    "lie", [{"rounds": 1}, {"rounds": -5}, {"local_epochs": 10}, {"batch_size": 10**6}, {"seed": 1}]
)
def test_a_server_that_asks_for_more_gets_no_more_than_epsilon(begin, lie):
    client = begin()
    with pytest.raises(UserError, match="has spent"):
        for server_round in range(1, 20):
            fit(client, server_round, **lie)
    assert on_disk(client)[-1]["epsilon"] <= 8


@pytest.mark.parametrize("rounds", [8, 2])
def test_a_plan_that_changes_on_the_way_is_followed(begin, rounds):
    client = begin()
    fit(client, 1, 4)
    for server_round in range(2, rounds + 1):
        fit(client, server_round, rounds)
    assert len(on_disk(client)) == rounds and on_disk(client)[-1]["epsilon"] <= 8


def test_what_the_client_says_does_not_depend_on_the_images(begin, capsys):
    lines = []
    for images in (IMAGES, 255 - IMAGES):
        fit(begin("--noise-seed", "0", images=images), 1)
        lines += capsys.readouterr().out.splitlines()[-1:]
    assert lines[0] == lines[1] and lines[0].startswith("Round 1: 3 steps with noise multiplier")


def test_noise_cannot_be_drawn_again_unless_a_seed_was_given_and_then_nothing_is_promised(
    begin, capsys
):
    def weights(*words):
        client = begin(*words)
        client.account.rows.clear()
        return client, fit(client, 1, 1)[0][0]

    assert not np.array_equal(weights()[1], weights()[1])
    assert capsys.readouterr().out.endswith("of 8 is spent\n")
    seeded, drawn = weights("--noise-seed", "4")
    assert seeded.account.path.name.endswith("_without_guarantee.csv")
    assert capsys.readouterr().out.count("guarantee") == 3
    assert np.array_equal(drawn, weights("--noise-seed", "4")[1])


@pytest.mark.parametrize("delta", ["0.5", "0.0334"])
def test_a_delta_that_allows_to_publish_an_image_is_refused(begin, delta):
    with pytest.raises(UserError, match=f"--delta {delta} is not below 1/30"):
        begin("--delta", delta)


def test_two_clients_never_train_on_the_same_images_at_once(begin):
    begin()
    with ExitStack() as other, pytest.raises(UserError, match="another client trains"):
        begin(stack=other)


def test_a_server_that_does_not_say_how_long_it_takes_is_refused_before_anything_is_spent(begin):
    client = begin()
    with pytest.raises(UserError, match="python -m beyond.example_privacy.server"):
        client.fit(untrained(), instructions(1))
    assert not client.account.path.exists()


def test_a_damaged_account_is_no_fresh_start(begin):
    path = begin().account.path
    path.write_text("round,epsilon\n1,2\n", encoding="utf-8")
    with pytest.raises(UserError, match="is damaged"):
        begin()


def test_an_account_in_memory_counts_as_well():
    account = Account(None, 2.0, DELTA)
    plan = account.plan(0.5, 4, 1)
    assert 1.98 < account.spend(1, plan) <= 2.0


def test_a_network_that_keeps_statistics_of_images_is_refused(begin):
    with pytest.raises(UserError, match="such as GroupNorm"):
        begin(network=nn.Sequential(nn.Flatten(), nn.BatchNorm1d(784), nn.Linear(784, 10)))
