"""Killed with -9: a SuperNode, a ClientApp, the SuperExec, SuperLink, the ServerApp. All rounds are run."""

from support.history import read_history

import re

import pytest

from tests.support.marked import Place
from tests.support.open_ports import assert_only_loopback, open_ports
from tests.support.ports import free_address

pytestmark = [pytest.mark.thorough, pytest.mark.timeout(400)]
CLIENTS, ROUNDS = 3, 5


@pytest.fixture
def drill(tmp_path, mnist):
    """drill(what, *words) runs the drill; returns every round's clients, and the screen."""
    place = Place(tmp_path, mnist, sizes=[60] * CLIENTS)

    def run(what, *words, clients=CLIENTS):
        words = ["--clients", clients, "--rounds", ROUNDS, "--address", free_address(), *words]
        command = place.start("-m", "beyond.deployment.kill_drills", what, *words)
        command.wait_for("^-- ", seconds=200)
        assert "flower-supernode" in place.names()
        assert_only_loopback(open_ports(place.processes()))
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


def test_a_clientapp_costs_one_update(drill):
    clients, _ = drill("clientapp")
    assert clients == [0, CLIENTS, CLIENTS, CLIENTS - 1, CLIENTS, CLIENTS]


def test_a_superexec_that_is_started_again_costs_the_updates_that_were_under_way(drill):
    clients, screen = drill("superexec")
    assert clients[:3] == [0, CLIENTS, CLIENTS] and clients[4:] == [CLIENTS, CLIENTS]
    assert 1 <= clients[3] < CLIENTS
    assert "the SuperExec is started again" in screen


def test_no_masked_round_is_lost_with_a_supernode(drill):
    clients, _ = drill("masked", "--round-timeout", 40, clients=6)
    assert clients[:4] == [0, 6, 6, 5]  # the third is the one that it is killed in
    assert clients[4:] == [5, 5]


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
