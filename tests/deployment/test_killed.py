"""Killed with -9 while a deployment runs: what can go on goes on, and what has ended has a name."""

import re

import psutil
import pytest

from beyond.deployment.watched_services import NAMES
from support.tables import read_history
from tests.support.harness import wait_until
from tests.support.ports import free_address

SILENCE = 60.0  # seconds after which Flower notices of itself
CLIENTS, ROUNDS = 3, 5  # of a drill


@pytest.fixture
def deployment(make_place):
    """A Place, and the deployment of two nodes that runs there, beyond its first round."""
    place = make_place([40, 40])
    words = ["--clients", 2, "--rounds", 1000, "--address", free_address(), "--run", "results/run"]
    command = place.start("-m", "beyond.deployment.federation", *words)
    command.wait_for("^Round  1 of")
    return place, command


def find(place, *words):
    """Return the oldest process of the place that has all `words` in its command line."""
    lines = {one: " ".join(one.cmdline()) for one in place.processes()}
    found = [one for one, line in lines.items() if all(word in line for word in words)]
    return min(found, key=psutil.Process.create_time)


def failures(place):
    """Return how many answers each round has missed."""
    return [row.failures for row in read_history(place.directory / "results/run")]


def test_a_clientapp_a_node_and_the_superexec_are_killed(deployment):
    place, command = deployment
    log, soon = place.directory / "results/run/logs/superexec.log", SILENCE / 2

    superexec = find(place, "beyond.deployment.superexec")
    wait_until(superexec.children, "a ClientApp")[0].kill()
    killed = "was ended by SIGKILL"
    wait_until(lambda: killed in log.read_text(encoding="utf-8"), "its end is noticed", soon)
    wait_until(lambda: 1 in failures(place), "the round ends without it", soon)
    wait_until(lambda: failures(place)[-1] == 0, "the next one has all", soon)

    find(place, "flower-supernode", "partition-id=1").kill()
    command.wait_for("^SuperNode 1 was ended by SIGKILL .*; the run goes on without it$")

    superexec.kill()
    assert command.wait() == 1
    line = command.output.splitlines()[-1]
    assert line.startswith("beyond.deployment.federation: the SuperExec was ended by SIGKILL")
    assert line.endswith("results/run/logs/ may say why; go on with --resume")
    place.assert_nothing_is_left()


@pytest.mark.thorough
@pytest.mark.parametrize("program", ["flower-superlink", "flower-superexec"])
def test_what_no_round_is_finished_without_is_named(deployment, program):
    place, command = deployment
    find(place, program).kill()
    assert command.wait() == 1
    name = re.escape(NAMES[program])
    assert re.search(rf"federation: {name} (was|has) ended", command.output.splitlines()[-1])
    place.assert_nothing_is_left()


def drill(make_place, what, *words):
    """Run a drill; return every round's clients, and the screen."""
    place = make_place([60] * CLIENTS)
    words = ["--clients", CLIENTS, "--rounds", ROUNDS, "--address", free_address(), *words]
    module = "beyond.deployment.kill_drills"
    screen = place.run_watched("-m", module, what, *words, moment="^-- ")
    return [row.clients for row in read_history(place.directory / "results/drill")], screen


@pytest.mark.thorough
def test_without_a_supernode_the_round_ends_and_the_run_goes_on(make_place):
    clients, _ = drill(make_place, "node", "--round-timeout", 20)
    assert len(clients) == ROUNDS + 1
    assert clients[1:3] == [CLIENTS, CLIENTS] and clients[-1] == CLIENTS - 1


@pytest.mark.thorough
def test_a_superexec_that_is_started_again_costs_the_updates_that_were_under_way(make_place):
    clients, screen = drill(make_place, "superexec")
    assert clients[:3] == [0, CLIENTS, CLIENTS] and clients[4:] == [CLIENTS, CLIENTS]
    assert 1 <= clients[3] < CLIENTS
    assert "the SuperExec is started again" in screen


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("what", "third", "line"),
    [
        ("clientapp", CLIENTS - 1, "a ClientApp is killed"),
        ("superlink", CLIENTS, "SuperLink answers again"),
        ("serverapp", CLIENTS, ""),
    ],
)
def test_a_drill_costs_one_update_at_most(make_place, what, third, line):
    clients, screen = drill(make_place, what)
    assert clients == [0, CLIENTS, CLIENTS, third, CLIENTS, CLIENTS]
    assert line in screen
    rounds = re.findall(r"^Round (\d+)", screen, re.MULTILINE)
    assert list(map(int, rounds)) == list(range(ROUNDS + 1))  # also after the ServerApp's end
