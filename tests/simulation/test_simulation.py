"""The simulation comes to the very bytes of the classic run, and leaves nothing where it was."""

from support.history import read_history

import os
import signal
import socket
from types import SimpleNamespace

import psutil
import pytest

from beyond.differential_privacy.privacy_record import read_privacy
from tests.simulation.held_simulation import actors_of, look_around
from tests.support.harness import PROGRAMS, ROOT, sha256, snapshot, wait_until
from tests.support.marked import Place
from tests.support.open_ports import assert_only_loopback, is_refused, open_ports
from tests.support.ports import free_address
from tests.support.shell import SHELL

pytestmark = pytest.mark.timeout(400)  # a dozen processes start, one after the other
LONGEST_RUN = 300.0  # seconds: half a minute on a machine that has nothing else to do
SIZES = (60, 50, 40, 30)
COMMON = ("--clients", "4", "--rounds", "2")


@pytest.fixture(scope="module")
def place(tmp_path_factory, mnist):
    """Where the simulations of this file run."""
    place = Place(tmp_path_factory.mktemp("place"), mnist, SIZES, test_size=40)
    yield place
    place.close()


def start(place, *words):
    """Start a simulation; return its Command once a round is there, which is to leave nothing."""
    command = place.start("-m", "beyond.simulation.federation", *COMMON, *words)
    command.wait_for(r"^Round +\d+ of", LONGEST_RUN)
    assert place.processes()
    return command


def simulate(place, *words):
    """Run a simulation to its good end; return what it has printed."""
    command = start(place, *words)
    assert command.wait(LONGEST_RUN) == 0, command.output
    return command.output


@pytest.fixture(scope="module")
def proxy():
    """A port for whoever believes in the shell's proxies: it lets them wait, and they can be counted."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0)
        yield listener


@pytest.fixture(scope="module")
def in_a_shell(place, proxy):
    """A simulation in a shell that has set a lot for other programs; what was seen while it ran."""
    url, notes = f"127.0.0.1:{proxy.getsockname()[1]}", place.directory / "calls"
    shell = {
        **SHELL,
        **dict.fromkeys(("http_proxy", "https_proxy", "grpc_proxy"), f"http://{url}"),
        "ALL_PROXY": f"socks5://{url}",
        "PYTHONPATH": os.pathsep.join(map(str, (PROGRAMS / "everywhere", PROGRAMS, ROOT))),
        "PHONE_NOTES": str(notes),
        "PHONE_TELEMETRY": "as it is",
    }
    words = ("--parallel-clients", "2", "--run", "results/simulated")
    command = place.start("-m", "beyond.simulation.federation", *COMMON, *words, **shell)
    command.wait_for("^Waiting for clients", LONGEST_RUN)
    actors = wait_until(lambda: actors_of(place), "two actors of Ray's", LONGEST_RUN)
    seen = look_around(place, actors)
    assert command.wait(LONGEST_RUN) == 0, command.output
    calls = set(notes.read_text().split())
    return SimpleNamespace(seen=seen, said=command.output, calls=calls)


@pytest.fixture(scope="module")
def said(in_a_shell):
    """What a simulation has printed."""
    return in_a_shell.said


@pytest.fixture(scope="module")
def simulated(place, said):
    """The directory of its run."""
    return place.directory / "results/simulated"


@pytest.fixture(scope="module")
def classic(place, simulated, shared_stage):
    """The directory of the same run with processes of their own."""
    words = [*COMMON, "--run", "results/classic", "--address", free_address()]
    done = shared_stage.run("federation.py", *words, cwd=place.directory)
    assert done.status == 0, done.stderr
    return place.directory / "results/classic"


def test_the_model_is_that_of_the_classic_run_byte_by_byte(simulated, classic):
    assert sha256(simulated / "global_model.npz") == sha256(classic / "global_model.npz")
    ours, theirs = read_history(simulated), read_history(classic)
    assert [(row.loss, row.accuracy, row.clients, row.bytes_received) for row in ours] == [
        (row.loss, row.accuracy, row.clients, row.bytes_received) for row in theirs
    ]
    assert [row.failures for row in ours] == [0, 0, 0]


def test_nothing_is_left_of_it(place, simulated):
    place.assert_nothing_is_left()
    names = {path.name for path in simulated.iterdir()}
    record = {"history.csv", "run.json", "global_model.npz", "events.jsonl"}
    assert names == {*record, "accuracy.png", "logs"}


def test_it_says_what_the_classic_server_says(said):
    for line in ("Client 3 joined", "Round  2 of 2: accuracy", "The record of this run is in"):
        assert line in said
    assert "Traceback" not in said and "flower.ai" not in said


def test_every_port_of_it_is_for_this_machine(in_a_shell):
    assert_only_loopback(in_a_shell.seen.ports)


def test_ray_does_nothing_for_who_does_not_know_the_token(in_a_shell):
    assert {"gcs_server", "raylet", "flwr-simulation"} <= in_a_shell.seen.names
    for port, (stranger, friend) in in_a_shell.seen.answers.items():
        assert is_refused(stranger), (port, stranger)
        assert not is_refused(friend), (port, friend)  # what shows that it is the token


def test_the_token_is_where_only_its_user_looks(place, in_a_shell):
    token = in_a_shell.seen.token
    assert len(token) == 64
    assert not [words for words in in_a_shell.seen.command_lines if token in words]
    assert set(in_a_shell.seen.open_environments) == {False}
    logs = (place.directory / "results/simulated/logs").iterdir()
    assert not [file for file in logs if token in file.read_text()]


def test_nobody_outside_is_called_and_no_proxy_of_the_shells(in_a_shell, proxy):
    assert in_a_shell.calls <= {"127.0.0.1", "localhost", "::1", "None"}
    assert len(in_a_shell.calls) > 1
    with pytest.raises(BlockingIOError):
        proxy.accept()


@pytest.mark.thorough
def test_it_may_be_stopped_and_nothing_is_left(place, simulated):
    stop(place, signal.SIGINT, 130)


@pytest.mark.thorough
@pytest.mark.parametrize("number, status", [(signal.SIGTERM, 143), (signal.SIGKILL, -9)])
def test_other_signals_leave_nothing_either(place, simulated, number, status):
    stop(place, number, status)


def stop(place, number, status):
    """Send a signal to a simulation whose clients are at work, and look for what is left."""
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
def test_a_stopped_run_goes_on_and_comes_to_the_same(place, classic):
    simulate(place, "--rounds", "1", "--run", "results/resumed")
    simulate(place, "--resume", "--run", "results/resumed")
    resumed = place.directory / "results/resumed"
    assert sha256(resumed / "global_model.npz") == sha256(classic / "global_model.npz")


@pytest.mark.thorough
@pytest.mark.parametrize(
    "chapter, words",
    [
        ("heterogeneity", ["--strategy", "FedAvgM", "--client-evaluation"]),
        ("heterogeneity", ["--strategy", "FedProx", "--fraction-fit", "0.5"]),
        ("privacy", ["--clip", "0.5", "--noise-multiplier", "1", "--noise-seed", "0"]),
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(value),
)
def test_a_chapter_comes_to_the_same_bytes_and_books(place, shared_stage, chapter, words):
    simulate(place, "--chapter", chapter, *words, "--run", "results/ours")
    room = {"privacy": "differential_privacy"}.get(chapter, chapter)
    classic = [f"beyond.{room}.federation", *COMMON, *words, "--run", "results/theirs"]
    done = shared_stage.run(
        "-m", *classic, "--address", free_address(), cwd=place.directory, cold=True
    )
    assert done.status == 0, done.stderr
    ours, theirs = (place.directory / "results" / name for name in ("ours", "theirs"))
    assert sha256(ours / "global_model.npz") == sha256(theirs / "global_model.npz")
    for name in ("client_accuracy.csv", "privacy.csv"):
        assert (ours / name).exists() == (theirs / name).exists()
        if (ours / name).exists():
            assert (ours / name).read_bytes() == (theirs / name).read_bytes()
    if chapter == "privacy":
        assert len(read_privacy(ours)) == 2


@pytest.mark.parametrize(
    "words, line",
    [
        (["--min-clients", "5"], "--min-clients 5 is more than --clients 4"),
        (["--resume", "--run", "results/none"], "no run to resume"),
        (["--nonsense", "1"], "unrecognized arguments"),
        (["--strategy", "FedProx"], "beyond.heterogeneity.federation has --strategy"),
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(value),
)
def test_bad_input_gets_one_line_and_starts_nothing(place, stage, words, line):
    before = snapshot(place.directory)
    command = ["-m", "beyond.simulation.federation", *COMMON, *words]
    done = stage.run(*command, cwd=place.directory)
    assert (done.status, done.stdout, done.stderr.count("\n")) == (2, "", 1), done.stderr
    assert line in done.stderr
    assert snapshot(place.directory) == before
