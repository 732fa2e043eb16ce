"""The simulation comes to the very bytes of the classic run, and leaves nothing where it was."""

from support.history import read_history

import os
import signal

import psutil
import pytest

from beyond.privacy.privacy_record import read_privacy
from tests.support.harness import sha256, snapshot, wait_until
from tests.support.marked import Place
from tests.support.ports import free_address

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
    command = place.start("-m", "beyond.engine.simulation", *COMMON, *words)
    command.wait_for(r"^Round +\d+ of", LONGEST_RUN)
    assert place.processes()
    return command


def simulate(place, *words):
    """Run a simulation to its good end; return what it has printed."""
    command = start(place, *words)
    assert command.wait(LONGEST_RUN) == 0, command.output
    return command.output


@pytest.fixture(scope="module")
def said(place):
    """What a simulation has printed."""
    return simulate(place, "--run", "results/simulated")


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
    ports = listening(place.processes())
    assert ports
    os.kill(command.process.pid, number)
    assert command.wait() == status
    wait_until(lambda: not place.processes(), "the end of all processes")
    wait_until(lambda: not any(map(os.path.exists, place.flower_homes)), "the end of all homes")
    place.assert_nothing_is_left()
    still = {one.laddr.port for one in psutil.net_connections() if one.status == "LISTEN"}
    assert not ports & still
    assert len(read_history(place.directory / "results/stopped")) >= 1
    assert "Traceback" not in command.output


def listening(processes):
    """Return the ports on which `processes` listen."""
    found = set()
    for process in processes:
        try:
            found |= {one.laddr.port for one in process.net_connections() if one.status == "LISTEN"}
        except psutil.Error:
            continue
    return found


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
    classic = [f"beyond.{chapter}.federation", *COMMON, *words, "--run", "results/theirs"]
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
    command = ["-m", "beyond.engine.simulation", *COMMON, *words]
    done = stage.run(*command, cwd=place.directory)
    assert (done.status, done.stdout, done.stderr.count("\n")) == (2, "", 1), done.stderr
    assert line in done.stderr
    assert snapshot(place.directory) == before
