"""A signal that a shell has let commands ignore (nohup, &) stops none; the others unwind it."""

import signal
from contextlib import suppress

import pytest

from support.signals import signals_deferred, signals_that_unwind


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
