"""A deployment on loopback: SuperLink behind nginx, TLS, SuperNodes with keys, a SuperExec that forks."""

import re
import signal
from collections import Counter
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest

from support.tables import read_history
from tests.support.harness import sha256
from tests.support.marked import Place
from tests.support.nginx import NGINX, needs_nginx
from tests.support.open_ports import assert_only_loopback, open_ports
from tests.support.ports import free_address
from tests.support.shell import SHELL

ROUNDS = 2
DEPLOYMENT = ("-m", "beyond.deployment.federation", "--run", "results/run")
SECURED = ["--certificates", "certificates", *(["--proxy"] if NGINX else [])]


@pytest.fixture(scope="module")
def deployment(tmp_path_factory, mnist):
    """Two nodes, two rounds: what ran meanwhile, what it printed, and where."""
    with closing(Place(tmp_path_factory.mktemp("deployment"), mnist, [80, 60])) as place:
        command = place.start(*DEPLOYMENT, *words_for_two(), *SECURED, **SHELL)
        command.wait_for("^Round  1 of")
        place.processes()  # by which it knows the Flower home, and by that nginx
        logs = [Path(home, "nginx/access.log") for home in place.flower_homes]
        run = place.directory / "results/run"
        yield SimpleNamespace(
            asked=[log.read_text(encoding="utf-8") for log in logs if log.exists()],
            homes=[(home, home.exists()) for home in homes_of_tasks(run)],
            place=place,
            meanwhile=place.names(),
            words=place.command_lines(),
            ports=open_ports(place.processes()),
            status=command.wait(),
            run=run,
            output=command.output,
        )


def homes_of_tasks(run):
    """Return the directories to which tasks have unpacked the app so far, in this order."""
    log = (run / "logs/superexec.log").read_text(encoding="utf-8")
    return list(map(Path, re.findall(r"installed .* to (\S+)\.\s", log)))  # a sentence, which ends


def words_for_two():
    """Return the words for two clients, at an address of their own."""
    return ["--clients", 2, "--rounds", ROUNDS, "--address", free_address()]


def test_it_runs_all_rounds_and_records_them(deployment):
    assert deployment.status == 0, deployment.output
    counts = [(row.round, row.clients, row.failures) for row in read_history(deployment.run)]
    assert counts == [(0, 0, 0), (1, 2, 0), (2, 2, 0)]
    assert "Round  2 of 2: accuracy" in deployment.output
    assert (deployment.run / "accuracy.png").exists()


def test_its_model_is_the_lessons_to_the_last_bit(deployment, stage):
    lesson = stage.run("federation.py", *words_for_two(), cwd=deployment.place.directory)
    assert lesson.status == 0
    classic = deployment.place.directory / "results/fedavg"
    assert sha256(deployment.run / "global_model.npz") == sha256(classic / "global_model.npz")


def test_the_processes_are_those_that_the_page_names(deployment):
    counts = Counter(deployment.meanwhile)
    assert counts["flower-superlink"] == 1
    assert counts["flower-supernode"] == 2
    assert counts["beyond.deployment.superexec"] >= 1  # it, and its forks
    assert counts["flower-superexec"] == 1  # SuperLink's, for the ServerApp
    assert counts["flwr-clientapp"] == 0


def test_every_port_of_it_is_for_this_machine(deployment):
    assert_only_loopback(deployment.ports)


def test_tasks_ran_in_forks_of_the_superexec_and_each_has_unpacked_the_app_for_itself(deployment):
    """What an earlier task may have left is not there, and so it is not run."""
    logs = deployment.run / "logs"
    log = (logs / "superexec.log").read_text(encoding="utf-8")
    assert "SuperExec is ready for 2 SuperNodes" in log
    assert log.count("trained on 80 images") == log.count("trained on 60 images") == ROUNDS
    homes = homes_of_tasks(deployment.run)
    nodes = "".join(file.read_text(encoding="utf-8") for file in logs.glob("node_*.log"))
    assert len(set(homes)) == len(homes) == nodes.count("Receiving: ") > 2 * ROUNDS
    assert len(deployment.homes) >= 4  # two answers to the roll call, and round 1
    assert deployment.homes[:2] == [(home, False) for home in homes[:2]]  # gone while it ran


def test_only_the_serverapp_has_its_token_where_everybody_reads_it(deployment):
    """On its command line; section 8.4 says so."""
    told = [words for words in deployment.words if "--token" in words]
    assert ["flwr-serverapp" in " ".join(words[:2]) for words in told] == [True]


@needs_nginx
def test_nodes_came_in_through_the_proxy(deployment):
    assert "nginx" in deployment.meanwhile
    [asked] = deployment.asked
    pushed = asked.count('"POST /v1/fleet/push-object HTTP/1.1" 200')
    assert pushed >= 2 * 3  # each node's update of round 1 has three parts
    assert set(re.findall(r'"POST (/v1/\w+/)', asked)) == {"/v1/fleet/"}


def test_nothing_is_left_of_it(deployment):
    deployment.place.assert_nothing_is_left()


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGKILL, -9), (signal.SIGINT, 130), (signal.SIGTERM, 143)]
)
def test_nothing_is_left_when_it_is_ended_from_outside(make_place, number, status):
    place = make_place([50])
    words = ["--clients", 1, "--rounds", 1000, "--address", free_address()]
    command = place.start(*DEPLOYMENT, *words)
    command.wait_for("^Client 0 joined")
    assert "flower-supernode" in place.names()
    command.send(number)
    assert command.wait() == status
    place.assert_nothing_is_left()
