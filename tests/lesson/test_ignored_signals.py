"""A signal that a shell has let commands ignore (nohup, &) stops none; the others unwind it."""

import ctypes
import signal
import subprocess
import sys
from contextlib import suppress
from types import SimpleNamespace

import pytest

from support.processes import start_command
from support.signals import ctrl_c_kept_back, signals_deferred, signals_that_unwind, take_ctrl_c
from tests.support.harness import PATIENCE, environment

PRELOADING = """
import signal, sys
from importlib.abc import Loader
from importlib.util import spec_from_loader

class Interrupted(Loader):
    def find_spec(name, *rest):
        return spec_from_loader(name, Interrupted()) if name == "support.preload" else None

    def exec_module(self, module):
        signal.raise_signal(signal.SIGINT)
        module.is_imported = True

sys.meta_path.insert(0, Interrupted)
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
import support.forkserver
assert sys.modules["support.preload"].is_imported
assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
assert not signal.pthread_sigmask(signal.SIG_BLOCK, ())
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


def test_ctrl_c_while_a_forkserver_imports_prints_no_traceback():
    words = [sys.executable, "-c", PRELOADING]
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


def test_on_windows_a_spawned_process_ignores_ctrl_c_until_it_takes_it(monkeypatch):
    told = []
    kernel = SimpleNamespace(SetConsoleCtrlHandler=lambda *words: told.append(words))
    monkeypatch.setattr(ctypes, "windll", SimpleNamespace(kernel32=kernel), raising=False)
    monkeypatch.delattr(signal, "pthread_sigmask")
    with ctrl_c_kept_back():
        assert told == [(None, True)]  # which the process inherits
    assert told.pop() == (None, False)
    take_ctrl_c()
    assert told == [(None, True), (None, False)]


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
