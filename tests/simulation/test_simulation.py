"""The simulation comes to the very bytes of the classic run, and leaves nothing where it was."""

import os
import signal
import socket
from contextlib import closing
from operator import attrgetter

import psutil
import pytest

from beyond.differential_privacy.privacy_record import read_privacy
from support.tables import read_history
from tests.simulation.held_simulation import actors_of, look_around
from tests.support.harness import PROGRAMS, ROOT, sha256, wait_until
from tests.support.marked import Place
from tests.support.open_ports import assert_only_loopback, is_refused, open_ports
from tests.support.ports import free_address
from tests.support.shell import SHELL

pytestmark = pytest.mark.timeout(400)  # a dozen processes start, one after the other
LONGEST_RUN = 300.0  # seconds: half a minute on a machine that has nothing else to do
SIMULATION = "beyond.simulation.federation"
COMMON = ("--clients", "4", "--rounds", "2")
ACTORS = 3  # as many clients at once as nobody would guess


@pytest.fixture(scope="module")
def place(tmp_path_factory, mnist):
    """Where the simulations of this file run."""
    with closing(Place(tmp_path_factory.mktemp("place"), mnist, [60, 50, 40, 30], 40)) as place:
        yield place


def start(place, *words):
    """Start a simulation; return its Command once a round is there, which is to leave nothing."""
    command = place.start("-m", SIMULATION, *COMMON, *words)
    command.wait_for(r"^Round +\d+ of", LONGEST_RUN)
    assert place.processes()
    return command


def simulate(place, *words):
    """Run a simulation to its good end; return the directory of its run."""
    command = start(place, *words, "--run", "results/ours")
    assert command.wait(LONGEST_RUN) == 0, command.output
    return place.directory / "results/ours"


def classic(stage, place, *words, program=("federation.py",)):
    """Run the same with processes of their own; return the directory of the run."""
    words = [*program, *COMMON, *words, "--run", "results/classic", "--address", free_address()]
    done = stage.run(*words, cwd=place.directory)
    assert done.status == 0, done.stderr
    return place.directory / "results/classic"


@pytest.fixture(scope="module")
def simulation(place):
    """A simulation in a shell that has set a lot for other programs; what was seen while it ran.

    `proxy` is a port for programs that believe in the shell's proxies: it lets them wait, and they can be
    counted.
    """
    notes = place.directory / "calls"
    with socket.create_server(("127.0.0.1", 0)) as proxy:
        proxy.settimeout(0)
        url = f"127.0.0.1:{proxy.getsockname()[1]}"
        shell = {
            **SHELL,
            **dict.fromkeys(("http_proxy", "https_proxy", "grpc_proxy"), f"http://{url}"),
            "ALL_PROXY": f"socks5://{url}",
            "PYTHONPATH": os.pathsep.join(map(str, (PROGRAMS / "everywhere", PROGRAMS, ROOT))),
            "PHONE_NOTES": str(notes),
            "PHONE_TELEMETRY": "as it is",
        }
        words = ("--parallel-clients", ACTORS, "--run", "results/simulated")
        command = place.start("-m", SIMULATION, *COMMON, *words, **shell)
        command.wait_for("^Waiting for clients", LONGEST_RUN)
        actors = wait_until(lambda: actors_of(place, ACTORS), "Ray's actors", LONGEST_RUN)
        seen = look_around(place, actors)
        assert command.wait(LONGEST_RUN) == 0, command.output
        seen.run, seen.proxy = place.directory / "results/simulated", proxy
        seen.said, seen.calls = command.output, set(notes.read_text(encoding="utf-8").split())
        yield seen


def test_the_model_is_that_of_the_classic_run_byte_by_byte(simulation, place, stage):
    theirs = classic(stage, place)
    assert sha256(simulation.run / "global_model.npz") == sha256(theirs / "global_model.npz")
    kept = attrgetter("loss", "accuracy", "clients", "bytes_received")
    rows = read_history(simulation.run)
    assert list(map(kept, rows)) == list(map(kept, read_history(theirs)))
    assert [row.failures for row in rows] == [0, 0, 0]


def test_nothing_is_left_of_it(place, simulation):
    place.assert_nothing_is_left()
    names = {path.name for path in simulation.run.iterdir()}
    record = {"state.zip", "history.csv", "run.json", "global_model.npz", "events.jsonl"}
    assert names == {*record, "accuracy.png", "logs"}


def test_it_says_what_the_classic_server_says(simulation):
    for line in ("Client 3 joined", "Round  2 of 2: accuracy", "The record of this run is in"):
        assert line in simulation.said
    assert "Traceback" not in simulation.said and "flower.ai" not in simulation.said


def test_every_port_of_it_is_for_this_machine(simulation):
    assert_only_loopback(simulation.ports)


def test_ray_does_nothing_for_who_does_not_know_the_token(simulation):
    assert {"gcs_server", "raylet", "flwr-simulation"} <= simulation.names
    for port, (stranger, friend) in simulation.answers.items():
        assert is_refused(stranger), (port, stranger)
        assert not is_refused(friend), (port, friend)  # what shows that it is the token


def test_the_token_is_where_only_its_user_looks(simulation):
    assert len(simulation.token) == 64
    assert not [words for words in simulation.command_lines if simulation.token in words]
    assert set(simulation.open_environments) == {False}
    logs = (simulation.run / "logs").iterdir()
    assert not [file for file in logs if simulation.token in file.read_text(encoding="utf-8")]


def test_nobody_outside_is_called_and_no_proxy_of_the_shells(simulation):
    assert simulation.calls <= {"127.0.0.1", "localhost", "::1", "None"}
    assert len(simulation.calls) > 1
    with pytest.raises(BlockingIOError):
        simulation.proxy.accept()


@pytest.mark.thorough
@pytest.mark.parametrize(
    "number, status", [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGKILL, -9)]
)
def test_it_may_be_stopped_and_nothing_is_left(place, number, status):
    command = start(place, "--rounds", "500", "--run", "results/stopped")
    ports = {where.port for where in open_ports(place.processes())}
    assert ports
    command.send(number)
    assert command.wait() == status
    wait_until(lambda: not place.processes(), "the end of all processes")
    wait_until(lambda: not any(map(os.path.exists, place.flower_homes)), "the end of all homes")
    place.assert_nothing_is_left()
    still = {one.laddr.port for one in psutil.net_connections() if one.status == "LISTEN"}
    assert not ports & still
    assert len(read_history(place.directory / "results/stopped")) >= 1
    assert "Traceback" not in command.output


@pytest.mark.thorough
def test_a_stopped_run_goes_on_and_comes_to_the_same(place, stage):
    simulate(place, "--rounds", "1")
    resumed = simulate(place, "--resume")
    theirs = classic(stage, place)
    assert sha256(resumed / "global_model.npz") == sha256(theirs / "global_model.npz")


@pytest.mark.thorough
@pytest.mark.parametrize(
    "chapter, room, words",
    [
        ("heterogeneity", "heterogeneity", "--strategy FedAvgM --client-evaluation"),
        ("heterogeneity", "heterogeneity", "--strategy FedProx --fraction-fit 0.5"),
        ("privacy", "differential_privacy", "--clip 0.5 --noise-multiplier 1 --noise-seed 0"),
    ],
)
def test_a_chapter_comes_to_the_same_bytes_and_ledgers(place, stage, chapter, room, words):
    words = words.split()
    ours = simulate(place, "--chapter", chapter, *words)
    theirs = classic(stage, place, *words, program=("-m", f"beyond.{room}.federation"))
    for name in ("global_model.npz", "client_accuracy.csv", "privacy.csv"):
        assert (ours / name).exists() == (theirs / name).exists()
        assert not (ours / name).exists() or sha256(ours / name) == sha256(theirs / name)
    if chapter == "privacy":
        assert len(read_privacy(ours)) == 2


@pytest.mark.parametrize(
    "words, line",
    [
        ("--min-clients 5", "--min-clients 5 is more than --clients 4"),
        ("--resume --run results/none", "no run to resume"),
        ("--clients 0", "--clients"),
        ("--nonsense 1", "unrecognized arguments"),
        ("--address 127.0.0.1:8080", "unrecognized arguments"),  # SuperLink's business
        ("--insecure", "unrecognized arguments"),
        ("--strategy FedProx", "unrecognized arguments: --strategy"),
        ("--clip 1", "unrecognized arguments: --clip"),
        ("--chapter nonsense", "--chapter"),
        ("--chapter privacy --clip 1", "--noise-multiplier"),
        (
            "--chapter privacy --clip 1 --noise-multiplier 1 --strategy FedAdam",
            "unrecognized arguments: --strategy",
        ),
    ],
)
def test_a_mistake_gets_one_line(refuses_here, make_place, monkeypatch, words, line):
    monkeypatch.chdir(make_place([20] * 4).directory)
    assert line in refuses_here(SIMULATION, *COMMON, *words.split())
