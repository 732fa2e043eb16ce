"""A private run releases every round with noise, and its record tells no more of a client than it must."""

import json
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from beyond.differential_privacy import server
from beyond.differential_privacy.privacy_record import read_privacy
from support.command_line import RunError
from support.roll_call import RollCall
from tests.support.handmade import HandmadeClient, SilentClient, three_clients, weights_of
from tests.support.lesson import untrained

NOISE = ["--clip", 0.5, "--noise-multiplier", 2]
STEP = 2 * 0.5 / 3  # the standard deviation of the noise on the mean of three clients


@pytest.fixture
def private(aggregate):
    """private(clients, ...) runs the private server for handmade clients; see run_server."""
    return partial(aggregate, main=server.main, words=NOISE)


def released():
    """Return the weights of the model that the run has released."""
    with np.load("run/global_model.npz") as file:
        return list(file.values())


def assert_noise_of(rounds):
    """Check that what is released are the weights of round 0, which has no noise, and that of `rounds`."""
    pairs = zip(released(), untrained(), strict=True)
    noise = np.concatenate([(new - old).ravel() for new, old in pairs])
    assert np.std(noise) == pytest.approx(STEP * rounds**0.5, rel=0.02)  # known to 0.3 %
    assert abs(np.mean(noise)) < 5 * STEP * rounds**0.5 / noise.size**0.5


@pytest.mark.parametrize(
    ("kind", "scale"), [(SilentClient, 1), (HandmadeClient, 1e6)], ids=["no answer", "refused"]
)
def test_a_round_without_an_update_to_use_is_released_with_noise(private, capsys, kind, scale):
    updates = [[scale * weight for weight in weights_of(number)] for number in range(3)]
    with pytest.raises(RunError, match="no round had an update .* has learned nothing"):
        private([kind(number, update, 10) for number, update in enumerate(updates)], rounds=2)
    assert_noise_of(rounds=2)
    printed = capsys.readouterr().out
    assert printed.count("no update could be used; the global model gets noise") == 2
    assert [row.clients_asked for row in read_privacy("run")] == [3, 3]


def test_a_round_in_which_no_client_is_asked_is_released_with_noise_and_the_next_goes_on(
    private, monkeypatch
):
    sample, rounds = RollCall.sample, []

    def sample_nobody_first(self, *words, **named):
        rounds.append(sample(self, *words, **named))
        return rounds[-1] if len(rounds) > 1 else []

    monkeypatch.setattr(RollCall, "sample", sample_nobody_first)
    _, history = private(three_clients(), rounds=2)
    assert [(row.clients, row.failures) for row in history] == [(0, 0), (0, 0), (3, 0)]
    assert [(row.round, row.clients_asked) for row in read_privacy("run")] == [(1, 0), (2, 3)]
    # The mean of three updates of the length 0.5 is no longer than that, among noise of some 100.
    assert_noise_of(rounds=2)


def test_the_lesson_keeps_its_model_when_no_client_is_asked(aggregate, monkeypatch, capsys):
    monkeypatch.setattr(RollCall, "sample", lambda self, *words, **named: [])
    with pytest.raises(RunError, match="no round had an update"):
        aggregate(three_clients())
    for mine, first in zip(released(), untrained(), strict=True):
        np.testing.assert_array_equal(mine, first)
    expected = "Round 1: no update could be used; the global model stays as it was"
    assert expected in capsys.readouterr().out


def events():
    """Return what the run's record tells."""
    lines = Path("run/events.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def test_the_record_does_not_tell_how_long_a_client_took_or_what_it_claims(private, aggregate):
    private(three_clients())
    told = {event["what"] for event in events()}
    assert "averaged" in told and not {"sent", "received"} & told
    aggregate(three_clients())
    assert {"sent", "received"} <= {event["what"] for event in events()}  # the lesson does


def test_a_refused_update_is_named_and_its_distance_is_not(private, capsys):
    far = HandmadeClient(2, [weight * 1e6 for weight in weights_of(2)], 10)
    private([*three_clients()[:2], far])
    assert "left out the update from Client 2: it has a fault" in capsys.readouterr().out
    [event] = [event for event in events() if event["what"] == "left_out"]
    assert event["reason"] == "it has a fault, and a private run does not tell which"
