"""The simulation comes to the very bytes of the classic run, and leaves nothing where it was."""

from support.history import read_history

import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from beyond.engine.watchdog import end_processes
from beyond.privacy.privacy_record import read_privacy
from tests.support.harness import environment, sha256, snapshot, wait_until
from tests.support.ports import free_address
from tests.support.small import write_partitions

pytestmark = pytest.mark.timeout(400)  # a dozen processes start, one after the other
LONGEST_RUN = 300.0  # seconds: half a minute on a machine that has nothing else to do
SIZES = (60, 50, 40, 30)
COMMON = ("--clients", "4", "--rounds", "2")


class Place:
    """A directory with partitions, with a home and a /tmp of its own, for simulations."""

    def __init__(self, directory, mnist):
        self.directory = directory / "work"
        write_partitions(self.directory, mnist, SIZES, 40)
        self.home = directory / "home"
        self.home.mkdir()

    @contextmanager
    def simulation(self, *words):
        """Start a simulation; yield its Popen, and see to it that it ends."""
        command = [sys.executable, "-m", "beyond.engine.simulation", *COMMON, *map(str, words)]
        with open(self.directory / "said.txt", "w") as said:
            process = subprocess.Popen(
                command,
                cwd=self.directory,
                env={**environment(), "HOME": str(self.home)},
                stdout=said,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            yield process
        finally:
            end_processes([process.pid])
            process.wait()

    def run(self, *words):
        """Run a simulation to its good end."""
        with self.simulation(*words) as process:
            assert process.wait(LONGEST_RUN) == 0, self.said()

    def said(self):
        """Return what the last simulation has printed."""
        return (self.directory / "said.txt").read_text()

    def strangers(self):
        """Return the processes that work here: none, when all have ended."""
        found = []
        for process in psutil.process_iter():
            try:
                if process.status() != psutil.STATUS_ZOMBIE and self._is_ours(process):
                    found.append(process)
            except psutil.Error:
                continue
        return found

    def _is_ours(self, process):
        words = process.environ()
        return process.cwd().startswith(str(self.directory)) or words.get("HOME") == str(self.home)

    def flower_home(self):
        """Return the Flower home of the simulation that runs here, once it has one."""
        homes = (process.environ().get("FLWR_HOME") for process in self.strangers())
        return next(filter(None, homes), None)


@pytest.fixture(scope="module")
def place(tmp_path_factory, mnist):
    """Where the simulations of this file run."""
    return Place(tmp_path_factory.mktemp("place"), mnist)


@pytest.fixture(scope="module")
def simulated(place):
    """The directory of a simulation's run."""
    place.run("--run", "results/simulated")
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
    # What federation.py has forked, in the run beside it, ends a moment after it.
    wait_until(lambda: place.strangers() == [], "no process is left", 20)
    assert not (place.home / ".flwr").exists()  # where Flower would make itself a home
    names = {path.name for path in simulated.iterdir()}
    record = {"history.csv", "run.json", "global_model.npz", "events.jsonl"}
    assert names == {*record, "accuracy.png", "logs"}


def test_it_says_what_the_classic_server_says(place, simulated):
    said = place.said() if simulated else ""
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
    with place.simulation("--rounds", "500", "--run", "results/stopped") as process:
        wait_until(lambda: "Round  1 of 500" in place.said(), "round 1", LONGEST_RUN)
        home = Path(place.flower_home())
        ports = listening(place.strangers())
        assert home.is_dir() and ports
        os.kill(process.pid, number)
        assert process.wait(60) == status
        wait_until(lambda: not place.strangers(), "the end of all processes")
        wait_until(lambda: not home.exists(), "the end of the Flower home")
        assert not ports & {
            one.laddr.port for one in psutil.net_connections() if one.status == "LISTEN"
        }
    assert not (place.home / ".flwr").exists()
    assert len(read_history(place.directory / "results/stopped")) >= 2
    assert "Traceback" not in place.said()


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
    place.run("--rounds", "1", "--run", "results/resumed")
    place.run("--resume", "--run", "results/resumed")
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
    place.run("--chapter", chapter, *words, "--run", "results/ours")
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
