"""However a run ends, no process is left, what is on disk is whole, and one line says what ended it."""

import json
import os
import signal
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import psutil
import pytest

import federation
from model import CNN, get_weights
from support.command_line import RunError
from support.history import read_history
from tests.programs.patient_federation import PATIENT
from tests.support.harness import PATIENCE, PROGRAMS, processes_in, wait_until
from tests.support.ports import free_address
from tests.support.small import write_partitions

CLIENTS = 2
RUN = "results/run"
# All are asked twice: a process that is asked in a callback of gRPC's may not hear it.
BEFORE_KILLING = 2 * PATIENT


@pytest.fixture
def starting(tmp_path, mnist, start_warm):
    """starting(*words, program) starts a federation, which would run for hours; returns it, a Running."""
    write_partitions(tmp_path, mnist, sizes=[60] * CLIENTS, test_size=20)

    def start_one(*words, program=("patient_federation.py",)):
        address = free_address()
        endless = ["--clients", CLIENTS, "--rounds", 100_000, "--run", RUN, "--address", address]
        command = start_warm([PROGRAMS / program[0], *program[1:], *endless, *words], tmp_path)
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

    def server(self):
        """Return the process that listens at the address."""
        (server,) = self._with(lambda one: one.status == "LISTEN" and one.laddr.port == self.port)
        return server

    def clients(self):
        """Return the processes that are connected to the address."""
        return self._with(lambda one: one.raddr and one.raddr.port == self.port)

    def _with(self, condition):
        found = []
        for process in self.children():
            with suppress(psutil.Error):
                if any(map(condition, process.net_connections())):
                    found.append(process)
        return found

    def forkserver(self):
        """Return the process that starts all others."""
        children = psutil.Process(self.command.number).children()
        return next(one for one in children if "resource_tracker" not in " ".join(one.cmdline()))

    def assert_ends(self, status, seconds=PATIENCE):
        """Check that it ends with this status, leaves no process, and a model that is one."""
        assert self.command.wait(seconds) == status
        wait_until(lambda: not processes_in(self.directory), "nothing runs any more")
        assert "Traceback" not in self.command.output
        if self.run.joinpath("history.csv").exists():
            with np.load(self.run / "global_model.npz") as file:
                shapes = [array.shape for array in file.values()]
            assert shapes == [array.shape for array in get_weights(CNN())]

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
    running.server().kill()
    assert running.complaint() == (
        "the process server was ended by SIGKILL (is the memory full?); go on with --resume"
    )
    rounds = running.rounds()
    words = [*running.command.words, "--rounds", rounds, "--resume"]
    start_warm(words, running.directory).finish()
    assert running.rounds() == rounds + 1
    running.assert_record_is_whole()  # what was half written when it was killed is gone


def test_when_all_clients_are_killed_the_federation_ends_and_says_why(running):
    clients = running.clients()
    assert len(clients) == CLIENTS
    for client in clients:
        client.kill()
    assert running.complaint() == ("0 of 2 clients are left, and 1 are needed; go on with --resume")
    running.assert_record_is_whole()


def test_a_server_that_is_terminated_is_named(running):
    running.server().send_signal(signal.SIGTERM)
    assert "the process server was ended by SIGTERM; go on with" in running.complaint()


LOST = "the process that starts all others was ended from outside (is the memory full?)"


def test_the_loss_of_what_starts_all_processes_is_told_in_one_line(running):
    running.forkserver().kill()
    assert running.complaint() == f"{LOST}; go on with --resume"
    assert not running.command.found("^Client . (was|ended)")


def test_one_client_that_was_lost_with_the_forkserver_is_enough_to_know_it():
    """Its sentinel may come before the server's."""
    waiting, ended = os.pipe(), os.pipe()
    os.close(ended[1])
    server = SimpleNamespace(sentinel=waiting[0])
    client = SimpleNamespace(sentinel=ended[0], exitcode=255, join=lambda: None)
    with pytest.raises(RunError, match="the process that starts all others was ended"):
        federation.watch(server, {0: client}, Path("logs"), needed=1)
    for descriptor in (*waiting, ended[0]):
        os.close(descriptor)


def test_a_server_killed_before_its_first_round_leaves_nothing_to_resume(starting, tmp_path):
    """The directory may hold an earlier run, which is not the one to go on with."""
    (tmp_path / RUN).mkdir(parents=True)
    (tmp_path / RUN / "run.json").write_text("an earlier run", encoding="utf-8")
    killed = starting(program=("ended_federation.py", "server"))
    assert killed.complaint() == "the process server was ended by SIGKILL (is the memory full?)"


def test_a_forkserver_that_cannot_start_anything_is_told_in_one_line(starting):
    assert starting(program=("ended_federation.py", "forkserver")).complaint() == LOST
