"""A signal that a shell has let commands ignore (nohup, &) stops none; the others unwind it."""

import signal
import subprocess
import sys
from contextlib import suppress

import pytest

from support.signals import signals_deferred, signals_that_unwind
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
