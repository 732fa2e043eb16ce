"""A server that keeps the protocol reads one update: which of its ways our clients refuse, and which not."""

import pytest

from beyond.mask_limits import federation, targeted
from beyond.mask_limits.opened import opened_in
from beyond.mask_limits.targeted import ATTACKS
from beyond.secure_aggregation import app as secagg_app
from support.command_line import UserError
from tests.simulation.app_runs import AppRuns

SIZES = (60, 25, 40, 33, 50, 42)
VICTIM = 3
SHUFFLED = 5  # the round


@pytest.fixture
def runs(monkeypatch, mnist, tmp_path):
    return AppRuns(monkeypatch, mnist, tmp_path, SIZES)


def opened_by(runs, client_app):
    """Return {round: correlation of what the server has read with the true update}."""
    entries = {"shares": len(SIZES), "max_examples_per_client": 100, "rounds": len(ATTACKS)}
    entries |= {"learning_rate": 0.01, "single_out": VICTIM}
    runs.run(targeted.server_app._main, client_app, **entries)
    return opened_in("results/run")


def test_flowers_clients_give_one_update_away_in_every_round(runs):
    found = opened_by(runs, targeted.trusting_app)
    assert list(found) == list(range(1, len(ATTACKS) + 1))
    assert abs(found.pop(SHUFFLED)) < 0.9  # the others' images come in another order
    assert min(found.values()) > 0.99, found


def test_ours_refuse_the_first_three_and_the_others_get_round_it(runs, capfd):
    found = opened_by(runs, secagg_app.client_app)
    assert list(found) == [4, 5, 6, 7]
    assert abs(found.pop(SHUFFLED)) < 0.9
    assert min(found.values()) > 0.99, found
    said = capfd.readouterr().out
    for line in (
        "Round 1: Client 0 refuses: with learning_rate 0.0 this client would learn nothing",
        "Round 2: Client 0 refuses: max_weight is 1000000000000.0 in this round, and has to be 100.0",
        "Round 3: Client 0 refuses: round 5 was answered already, for the last one was 5",
    ):
        assert f"{line}; not taking part\n" in said
    assert "Client 3 refuses" not in said


def test_a_client_that_is_not_there_cannot_be_singled_out():
    with pytest.raises(UserError, match="no client 10 to --single-out of 10"):
        federation.parse(["--single-out", "10"])
    assert federation.parse(["--rounds", "2"]).rounds == len(ATTACKS)
