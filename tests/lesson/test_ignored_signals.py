"""A signal that a shell has let commands ignore (nohup, &) stops none; the others unwind it."""

import signal
import subprocess
import sys
from contextlib import suppress
from types import SimpleNamespace

import pytest

from support.processes import start_command
from support.signals import signals_deferred, signals_that_unwind
from tests.support.harness import PATIENCE, environment

STARTING = """
import multiprocessing, os, signal
from multiprocessing import forkserver
from support.processes import process_context, start_command

if __name__ == "__main__":
    multiprocessing.context.BaseContext.set_forkserver_preload = lambda context, names: None
    context = process_context("forkserver")
    os.kill(forkserver._forkserver._forkserver_pid, signal.SIGINT)  # it has only begun
    process = start_command(context, "tests.programs.unblocked", [])
    process.join()
    raise SystemExit(process.exitcode)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_ignored_signal_interrupts_nothing(number):
    signal.signal(number, signal.SIG_IGN)
    done = []
    with suppress(KeyboardInterrupt, SystemExit), signals_that_unwind():
        signal.raise_signal(number)
        done.append("all")
    assert done == ["all"]


@pytest.mark.parametrize(
    ("number", "kind"), [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, SystemExit)]
)
def test_what_must_not_be_interrupted_is_done_first(number, kind):
    done = []
    with pytest.raises(kind) as end, signals_that_unwind():
        with signals_deferred():
            signal.raise_signal(number)
            done.append("written")
        done.append("too late")
    assert done == ["written"]
    assert kind is KeyboardInterrupt or end.value.code == 143


def test_ctrl_c_while_a_forkserver_starts_does_nothing_to_it_and_its_processes_can_be_interrupted():
    words = [sys.executable, "-c", STARTING]
    done = subprocess.run(words, env=environment(), capture_output=True, timeout=PATIENCE)
    assert (done.returncode, done.stderr) == (0, b"")


# What a spawned process imports, and does then.
IMPORTED = """
import os, signal, sys
if "SPAWNED" in os.environ:
    signal.raise_signal(signal.SIGINT)
from support.signals import take_ctrl_c

def work():
    take_ctrl_c()
    try:
        signal.raise_signal(signal.SIGINT)
    except KeyboardInterrupt:
        sys.exit(7)
"""
SPAWNING = """
import os, signal, imported
from support.processes import process_context
os.environ["SPAWNED"] = "yes"
process = process_context("spawn").Process(target=imported.work)
process.start()
process.join()
assert process.exitcode == 7, process.exitcode
assert not signal.pthread_sigmask(signal.SIG_BLOCK, ())
"""


def test_ctrl_c_while_a_spawned_process_imports_prints_no_traceback(tmp_path):
    (tmp_path / "imported.py").write_text(IMPORTED, encoding="utf-8")
    words = [sys.executable, "-c", SPAWNING]
    streams = {"capture_output": True, "cwd": tmp_path, "timeout": PATIENCE}
    done = subprocess.run(words, env=environment(), **streams)
    assert (done.returncode, done.stderr) == (0, b"")


def test_ctrl_c_while_a_process_starts_leaves_none_behind():
    class Started(SimpleNamespace):
        def start(self):
            self.pid = 1
            raise KeyboardInterrupt

        def terminate(self):
            self.pid = None

        def is_alive(self):
            return self.pid is not None

        def join(self, timeout):
            pass

    process = Started(pid=None)
    with pytest.raises(KeyboardInterrupt):
        start_command(SimpleNamespace(Process=lambda **given: process), "server", [])
    assert not process.is_alive()
