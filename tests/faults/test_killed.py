"""Killed from outside, as when the memory is full: one line says what ended, and the run can go on."""

from support.command_line import RunError
from support.history import read_history
from support.processes import in_parallel

import multiprocessing
import os
import signal
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

import federation
from tests.support.harness import ROOT, processes_in, wait_until
from tests.support.ports import free_address
from tests.support.small import write_partitions

CLIENTS = 3
ENDLESS = 100_000


class Running:
    """A federation in the middle of its rounds, and who is who among its processes."""

    def __init__(self, start, directory):
        self.directory = directory
        self.address = free_address()
        self.words = [ROOT / "federation.py", "--clients", CLIENTS, "--address", self.address]
        self.words += ["--run", "results/run"]
        self.command = start([*self.words, "--rounds", ENDLESS], directory)
        self.command.may_fail = True
        self.command.wait_for("^Round  2 of")

    def _connections(self):
        for process in psutil.Process(self.command.number).children(recursive=True):
            with suppress(psutil.Error):
                yield from ((process, one) for one in process.net_connections())

    def server(self):
        """Return the process that listens at the address."""
        port = int(self.address.rpartition(":")[2])
        return next(
            process
            for process, one in self._connections()
            if one.status == psutil.CONN_LISTEN and one.laddr.port == port
        )

    def a_client(self):
        """Return a process that is connected to the address."""
        port = int(self.address.rpartition(":")[2])
        return next(
            process for process, one in self._connections() if one.raddr and one.raddr.port == port
        )

    def forkserver(self):
        """Return the process that starts all others."""
        children = psutil.Process(self.command.number).children()
        return next(
            child for child in children if "resource_tracker" not in " ".join(child.cmdline())
        )

    def complaint(self):
        """Check that it ends with status 1 and leaves no process; return the one line it says itself.

        A server that has lost its forkserver is on its own, and may say good-bye after that line.
        """
        assert self.command.wait() == 1
        assert "Traceback" not in self.command.output
        wait_until(lambda: not processes_in(self.directory), "nothing runs any more")
        own = [
            line for line in self.command.stderr.splitlines() if line.startswith("federation.py: ")
        ]
        assert len(own) == 1, own
        return own[0]


@pytest.fixture
def running(start_warm, tmp_path, mnist):
    """A federation of three clients in the middle of its rounds."""
    write_partitions(tmp_path, mnist, sizes=[60] * CLIENTS, test_size=20)
    return Running(start_warm, tmp_path)


def test_a_killed_client_is_done_without_and_after_a_killed_server_the_run_goes_on(
    running, start_warm
):
    """A client that was killed has no log that says why; what the server's last line advises works."""
    running.a_client().kill()
    running.command.wait_for(r"^Client \d was ended by SIGKILL \(is the memory full\?\)$")
    rounds = len(read_history(running.directory / "results/run"))
    running.command.wait_for(rf"^Round +{rounds + 1} of")
    running.server().kill()
    assert running.complaint() == (
        "federation.py: the process server was ended by SIGKILL (is the memory full?); go on with --resume"
    )
    rounds = len(read_history(running.directory / "results/run"))
    again = start_warm([*running.words, "--rounds", rounds, "--resume"], running.directory)
    assert again.wait() == 0, again.output
    assert len(read_history(running.directory / "results/run")) == rounds + 1


def test_a_server_that_somebody_terminates_is_named(running):
    running.server().send_signal(signal.SIGTERM)
    assert "the process server was ended by SIGTERM; go on with" in running.complaint()


def test_the_loss_of_what_starts_all_processes_is_told_in_one_line(running):
    running.forkserver().kill()
    assert running.complaint() == (
        "federation.py: the process that starts all others was ended from outside (is the memory full?); "
        "go on with --resume"
    )
    assert not running.command.found("^Client . (was|ended)")


def test_one_client_that_was_lost_with_the_forkserver_is_enough_to_know_it():
    """Its sentinel may come before the server's."""
    waiting, ended = os.pipe(), os.pipe()
    os.close(ended[1])
    server = SimpleNamespace(sentinel=waiting[0])
    client = SimpleNamespace(sentinel=ended[0], exitcode=255)
    with pytest.raises(RunError, match="the process that starts all others was ended"):
        federation.watch(server, {0: client}, Path("logs"), needed=1)
    for descriptor in (*waiting, ended[0]):
        os.close(descriptor)


def test_a_server_killed_before_its_first_round_leaves_nothing_to_resume(start, tmp_path, mnist):
    """The directory may hold an earlier run, which is not the one to go on with."""
    write_partitions(tmp_path, mnist, sizes=[60] * CLIENTS, test_size=20)
    (tmp_path / "results/run").mkdir(parents=True)
    (tmp_path / "results/run/run.json").write_text("an earlier run")
    words = ["--clients", CLIENTS, "--address", free_address(), "--run", "results/run"]
    command = start(["-c", KILLED_AT_ONCE, *words], tmp_path)
    assert command.wait() == 1
    assert command.stderr.splitlines()[-1] == (
        "federation.py: the process server was ended by SIGKILL (is the memory full?)"
    )


def test_a_forkserver_that_cannot_start_anything_is_told_in_one_line(start, tmp_path, mnist):
    write_partitions(tmp_path, mnist, sizes=[60] * CLIENTS, test_size=20)
    words = ["--clients", CLIENTS, "--address", free_address(), "--run", "results/run"]
    command = start(["-c", NO_FORKSERVER, *words], tmp_path)
    assert command.wait() == 1
    assert "Traceback" not in command.output
    assert "the process that starts all others was ended from outside" in command.lines[-1]


def test_a_pool_whose_process_is_killed_says_so_in_one_line(monkeypatch):
    """It starts without what our commands import."""
    spawned = partial(multiprocessing.get_context, "spawn")
    monkeypatch.setattr("support.processes.process_context", spawned)
    assert sorted(in_parallel(abs, [-1, 2, -3])) == [1, 2, 3]
    with pytest.raises(RunError, match="a process was killed"):
        list(in_parallel(signal.raise_signal, [signal.SIGKILL]))
    assert not multiprocessing.active_children()


# Kills the server of federation.py as soon as it has started.
KILLED_AT_ONCE = """
from support.command_line import run_command
import os, signal
import federation

start_command = federation.start_command

def start_and_kill(context, module, *words):
    process = start_command(context, module, *words)
    if module == "server":
        os.kill(process.pid, signal.SIGKILL)
    return process

federation.start_command = start_and_kill
run_command(federation.main, "federation.py")
"""

# Kills the forkserver of federation.py before it can start a process.
NO_FORKSERVER = """
from support.command_line import run_command
from support.processes import process_context
import multiprocessing.forkserver as server
import os, signal
import federation

def context_without_forkserver():
    context = process_context()
    server.ensure_running()
    os.kill(server._forkserver._forkserver_pid, signal.SIGKILL)
    server._forkserver.ensure_running = lambda: None
    return context

federation.process_context = context_without_forkserver
run_command(federation.main, "federation.py")
"""
