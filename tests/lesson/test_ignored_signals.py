"""A signal that a shell has let commands ignore (nohup, &) stops none; the others unwind it."""

import os
import signal
import subprocess
import sys
from contextlib import suppress
from types import SimpleNamespace

import pytest

from support.processes import start_command
from support.signals import signals_that_unwind
from tests.support.harness import PATIENCE, ROOT, environment

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


def runs_well(code, *folders):
    """Check that a new Python, which looks for modules in `folders` as well, runs `code` in silence."""
    paths = {"PYTHONPATH": os.pathsep.join(map(str, [*folders, ROOT]))}
    words = [sys.executable, "-c", code]
    options = {"env": environment() | paths, "capture_output": True, "timeout": PATIENCE}
    done = subprocess.run(words, **options)
    assert (done.returncode, done.stderr) == (0, b"")


def test_ctrl_c_while_a_forkserver_starts_does_nothing_to_it_and_its_processes_can_be_interrupted():
    runs_well(STARTING)


# A process that is spawned takes Ctrl-C while it begins; then its work is interrupted by another one.
BEGINNING = """
import os, signal
if "SPAWNING" in os.environ:
    signal.raise_signal(signal.SIGINT)
"""
WORK = """
import signal

def main(arguments=None):
    try:
        signal.raise_signal(signal.SIGINT)
    except KeyboardInterrupt:
        return "interrupted"
    raise AssertionError("Ctrl-C does nothing")
"""
SPAWNING = """
import os, signal, work
from support import processes

os.environ["SPAWNING"] = "yes"
context = processes.process_context("spawn")
process = processes.start_command(context, "work", [])
process.join()
assert process.exitcode == 0, process.exitcode
processes.process_context = lambda: context
assert list(processes.in_parallel(work.main, [[]])) == ["interrupted"]
assert not signal.pthread_sigmask(signal.SIG_BLOCK, ())
"""


def test_ctrl_c_while_a_spawned_process_begins_prints_no_traceback(tmp_path):
    for name, code in {"sitecustomize": BEGINNING, "work": WORK}.items():
        (tmp_path / f"{name}.py").write_text(code, encoding="utf-8")
    runs_well(SPAWNING, tmp_path)


@pytest.mark.parametrize(
    ("number", "kind"), [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, SystemExit)]
)
def test_a_signal_while_a_process_is_started_waits_until_it_has_all_that_it_needs(number, kind):
    done = []

    def start():
        signal.raise_signal(number)
        done.append("started")

    context = SimpleNamespace(Process=lambda **given: SimpleNamespace(start=start))
    with pytest.raises(kind) as end, signals_that_unwind():
        start_command(context, "server", [])
        done.append("too late")
    assert done == ["started"]
    assert kind is KeyboardInterrupt or end.value.code == 143
