"""However a run ends, no process is left, what is on disk is whole, and one line says what ended it."""

import json
import re
import signal
from contextlib import suppress
from multiprocessing import Pipe, active_children, get_context
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import psutil
import pytest

import federation
from support.command_line import RunError
from support.processes import in_parallel
from support.tables import read_history
from tests.programs.altered_federation import PATIENT
from tests.support.handmade import SHAPES
from tests.support.harness import PATIENCE, PROGRAMS, processes_in, wait_until
from tests.support.open_ports import open_ports
from tests.support.ports import free_address
from tests.support.small import write_partitions

CLIENTS = 2
RUN = "results/run"
# All are asked twice: a process that is asked in a callback of gRPC's may not hear it.
BEFORE_KILLING = 2 * PATIENT


@pytest.fixture
def starting(tmp_path, mnist, start_warm):
    """starting(change) starts a federation, which would run for hours; returns it, a Running.

    `change` is what altered_federation.py takes.
    """
    write_partitions(tmp_path, mnist, sizes=[60] * CLIENTS, test_size=20)

    def start_one(change="patient"):
        address = free_address()
        endless = ["--clients", CLIENTS, "--rounds", 100_000, "--run", RUN, "--address", address]
        command = start_warm([PROGRAMS / "altered_federation.py", change, *endless], tmp_path)
        command.may_fail = True
        return Running(command, tmp_path, int(address.rpartition(":")[2]))

    return start_one


@pytest.fixture
def running(starting):
    """A federation in the middle of its rounds."""
    federation = starting()
    federation.command.wait_for("^Round  2 of")
    return federation


class Running:
    """A federation, and which of its processes is which."""

    def __init__(self, command, directory, port):
        self.command = command
        self.directory = directory
        self.port = port
        self.run = directory / RUN

    def rounds(self):
        """Return how many rounds are on record, the untrained model's included."""
        return len(read_history(self.run))

    def children(self):
        """Return the processes that it has started, and those that these have started."""
        return psutil.Process(self.command.number).children(recursive=True)

    def servers(self):
        """Return the process that listens at the address, in a list."""
        ports = open_ports(self.children())
        return [process for where, process in ports.items() if where.port == self.port]

    def clients(self):
        """Return the processes that are connected to the address."""
        return [process for process in self.children() if self._is_connected(process)]

    def _is_connected(self, process):
        with suppress(psutil.Error):
            ends = [one.raddr for one in process.net_connections()]
            return any(end and end.port == self.port for end in ends)

    def forkservers(self):
        """Return the process that starts all others, in a list."""
        children = psutil.Process(self.command.number).children()
        return [one for one in children if "resource_tracker" not in " ".join(one.cmdline())][:1]

    def assert_ends(self, status, seconds=PATIENCE):
        """Check that it ends with this status, leaves no process, and a model that is one."""
        assert self.command.wait(seconds) == status
        wait_until(lambda: not processes_in(self.directory), "nothing runs any more")
        assert "Traceback" not in self.command.output
        if self.run.joinpath("history.csv").exists():
            with np.load(self.run / "global_model.npz") as file:
                assert [array.shape for array in file.values()] == SHAPES

    def assert_record_is_whole(self):
        """Check that the record has rounds, and that no temporary file is beside it."""
        assert self.rounds() >= 3
        names = {"state.zip", "history.csv", "run.json", "global_model.npz", "events.jsonl", "logs"}
        # The lock of a killed server, which holds nothing any more; the picture of a finished run.
        of_others = {".lock", "accuracy.png"}
        assert {entry.name for entry in self.run.iterdir()} - of_others == names

    def complaint(self):
        """Check that it ends with status 1; return the one line that it says itself.

        A server that has lost its forkserver is on its own, and may say good-bye after that line.
        """
        self.assert_ends(1)
        (line,) = [one for one in self.command.lines if one.startswith("federation.py: ")]
        return line.removeprefix("federation.py: ")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_a_signal_ends_everything_in_order(running, number):
    if number == signal.SIGINT:
        running.command.send_to_group(number)  # as a terminal does
    else:
        running.command.send(number)
    running.assert_ends(128 + number, BEFORE_KILLING)  # no process had to be killed
    running.assert_record_is_whole()
    assert ("federation.py: stopped" in running.command.lines) == (number == signal.SIGINT)
    # The server hears of either by a signal of federation.py's: a terminal's Ctrl-C reaches that only.
    last = json.loads((running.run / "events.jsonl").read_bytes().splitlines()[-1])
    assert (last["what"], last["reason"]) == ("stopped", "by a signal")


def test_ctrl_c_while_clients_are_still_coming_ends_everything_in_order(starting):
    federation = starting()
    federation.command.wait_for("^Waiting for clients")
    all_of_them = CLIENTS + 3  # the server, what forks them all, and what looks after its resources
    federation.command.wait_until(
        lambda: len(federation.children()) >= all_of_them, "all are there"
    )
    federation.command.send_to_group(signal.SIGINT)
    federation.assert_ends(130, BEFORE_KILLING)


def test_kill_9_of_the_federation_ends_its_processes_too(running):
    running.command.send(signal.SIGKILL)
    running.assert_ends(-signal.SIGKILL)
    assert running.rounds() >= 3


def test_a_killed_client_is_done_without_and_after_a_killed_server_the_run_goes_on(
    running, start_warm
):
    """A client that was killed has no log that says why; what the server's last line advises works."""
    running.clients()[0].kill()
    running.command.wait_for(r"^Client \d was ended by SIGKILL \(is the memory full\?\)$")
    running.command.wait_for(r"Client \d left: 1 of 2")
    rounds = running.rounds()
    running.command.wait_for(rf"^Round +{rounds + 1} of")
    running.servers()[0].kill()
    assert running.complaint() == (
        "the process server was ended by SIGKILL (is the memory full?); go on with --resume"
    )
    rounds = running.rounds()
    words = [*running.command.words, "--rounds", rounds, "--resume"]
    start_warm(words, running.directory).finish()
    assert running.rounds() == rounds + 1
    running.assert_record_is_whole()  # what was half written when it was killed is gone


LOST = "the process that starts all others was ended from outside (is the memory full?)"
ENDED = [  # who is ended from outside, and by which signal; what is said of it, and of how many clients
    ("clients", signal.SIGKILL, "0 of 2 clients are left, and 1 are needed", CLIENTS),
    ("servers", signal.SIGTERM, "the process server was ended by SIGTERM", 0),
    ("forkservers", signal.SIGKILL, LOST, 0),
]


@pytest.mark.parametrize("who, number, said, clients", ENDED, ids=[row[0] for row in ENDED])
def test_an_end_from_outside_is_told_in_one_line(running, who, number, said, clients):
    for process in getattr(running, who)():
        process.send_signal(number)
    assert running.complaint() == f"{said}; go on with --resume"
    assert len(running.command.found("^Client . (was|ended)")) == clients


@pytest.mark.parametrize(
    "status, said, why",
    [
        (-signal.SIGTERM, "Client 0 was ended by SIGTERM\n", "0 of 1 clients are left"),
        (255, "", LOST),
    ],
    ids=["killed", "lost with the forkserver"],
)
def test_a_clients_end_that_comes_before_the_servers_is_enough_to_know_why(
    capsys, status, said, why
):
    """The status of a spawned process may come after its end, once it was joined."""
    (waiting, _other), (ended, gone) = Pipe(), Pipe()
    gone.close()
    client = SimpleNamespace(sentinel=ended, exitcode=None)
    client.join = lambda: setattr(client, "exitcode", status)
    with pytest.raises(RunError, match=re.escape(why)):
        federation.watch(SimpleNamespace(sentinel=waiting), {0: client}, Path("logs"), needed=1)
    assert capsys.readouterr().out == said


def test_a_server_killed_before_its_first_round_leaves_nothing_to_resume(starting, tmp_path):
    """The directory may hold an earlier run, which is not the one to go on with."""
    (tmp_path / RUN).mkdir(parents=True)
    (tmp_path / RUN / "run.json").write_text("an earlier run", encoding="utf-8")
    killed = starting("serverless")
    assert killed.complaint() == "the process server was ended by SIGKILL (is the memory full?)"


def test_a_forkserver_that_cannot_start_anything_is_told_in_one_line(starting):
    assert starting("forkless").complaint() == LOST


def test_a_pool_whose_process_is_killed_says_so_in_one_line(monkeypatch):
    """It starts without what our commands import."""
    monkeypatch.setattr("support.processes.process_context", lambda: get_context("spawn"))
    assert sorted(in_parallel(abs, [-1, 2, -3])) == [1, 2, 3]
    with pytest.raises(RunError, match="a process was killed"):
        list(in_parallel(signal.raise_signal, [signal.SIGKILL]))
    # The pool's own thread waits for them, too, and Python forgets a process once that one has seen its end.
    wait_until(lambda: not active_children(), "none of them is left")
