"""Killed with -9: a SuperNode, SuperLink, the ServerApp. Every drill ends with all of its rounds."""

from support.history import read_history

import re

import pytest

from tests.support.marked import Place
from tests.support.ports import free_address

pytestmark = [pytest.mark.thorough, pytest.mark.timeout(400)]
CLIENTS, ROUNDS = 3, 5


@pytest.fixture
def drill(tmp_path, mnist):
    """drill(what, *words) runs the drill; returns every round's clients, and the screen."""
    place = Place(tmp_path, mnist, sizes=[60] * CLIENTS)

    def run(what, *words):
        words = ["--clients", CLIENTS, "--rounds", ROUNDS, "--address", free_address(), *words]
        command = place.start("-m", "beyond.engine.faults", what, *words)
        command.wait_for("^-- ", seconds=200)
        assert "flower-supernode" in place.names()
        assert command.wait(200) == 0, command.output
        place.assert_nothing_is_left()
        return [row.clients for row in read_history(tmp_path / "results/drill")], command.output

    yield run
    place.close()


def test_without_a_supernode_the_round_ends_and_the_run_goes_on(drill):
    clients, _ = drill("node", "--round-timeout", 20)
    assert len(clients) == ROUNDS + 1
    assert clients[1:3] == [CLIENTS, CLIENTS]
    assert clients[-1] == CLIENTS - 1


def test_after_superlinks_restart_nothing_is_lost(drill):
    clients, screen = drill("superlink")
    assert clients == [0, *[CLIENTS] * ROUNDS]
    assert "SuperLink answers again" in screen


def test_a_new_run_goes_on_after_the_serverapps_end(drill):
    clients, screen = drill("serverapp")
    assert clients == [0, *[CLIENTS] * ROUNDS]
    assert [int(number) for number in re.findall(r"^Round (\d+)", screen, re.M)] == list(
        range(ROUNDS + 1)
    )


def test_a_supernode_killed_in_a_round_of_secure_aggregation_is_done_without(tmp_path, mnist):
    place = Place(tmp_path, mnist, sizes=[60] * 6)
    words = ["--clients", 6, "--rounds", 4, "--shares", 5, "--address", free_address()]
    words += ["--round-timeout", 20, "--run", "results/masked"]
    try:
        command = place.start("-m", "beyond.engine.secagg_deployment", *words)
        command.wait_for("^Round +1 of", seconds=200)
        supernode_of(place, partition=2).kill()
        assert command.wait(300) == 0, command.output
    finally:
        place.close()
    clients = [row.clients for row in read_history(tmp_path / "results/masked")]
    assert clients[:2] == [0, 6] and clients[-1] == 5 and len(clients) == 5
    assert set(clients[2:]) <= {0, 5, 6}  # none, if it took the round with it
    place.assert_nothing_is_left()


def supernode_of(place, partition):
    """Return the process of the SuperNode with a partition."""
    name = f"partition-id={partition} "
    return next(one for one in place.processes() if name in " ".join(one.cmdline()))
