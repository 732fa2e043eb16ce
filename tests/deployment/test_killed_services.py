"""Killed with -9 while a deployment runs: what can go on goes on at once, and what has ended has a name."""

from support.history import read_history

import re

import pytest

from beyond.deployment.watched_services import NAMES
from tests.support.harness import wait_until
from tests.support.marked import Place
from tests.support.ports import free_address

DEPLOYMENT = ("-m", "beyond.deployment.federation", "--run", "results/run")
SILENCE = 60.0  # seconds after which Flower notices of itself


@pytest.fixture
def deployment(tmp_path, mnist):
    """A Place, and the deployment of two nodes that runs there, beyond its first round."""
    place = Place(tmp_path, mnist, sizes=[40, 40])
    words = ["--clients", 2, "--rounds", 1000, "--address", free_address()]
    command = place.start(*DEPLOYMENT, *words)
    command.wait_for("^Round  1 of")
    yield place, command
    place.close()


def find(place, *words):
    """Return the oldest process of the place that has all `words` in its command line."""
    found = [
        one for one in place.processes() if all(word in " ".join(one.cmdline()) for word in words)
    ]
    return min(found, key=lambda process: process.create_time())


def failures(place):
    """Return how many answers each round has missed."""
    return [row.failures for row in read_history(place.directory / "results/run")]


def test_a_clientapp_a_node_and_the_superexec_are_killed(deployment):
    place, command = deployment
    log = place.directory / "results/run/logs/superexec.log"

    superexec = find(place, "beyond.deployment.superexec")
    wait_until(superexec.children, "a ClientApp")[0].kill()
    wait_until(lambda: "was ended by SIGKILL" in log.read_text(), "its end is noticed", SILENCE / 2)
    wait_until(lambda: 1 in failures(place), "the round ends without it", SILENCE / 2)
    wait_until(lambda: failures(place)[-1] == 0, "the next one has all", SILENCE / 2)

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
