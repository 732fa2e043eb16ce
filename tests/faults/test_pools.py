"""A pool of processes of which one is killed, as when the memory is full."""

import multiprocessing
import signal
from functools import partial

import pytest

from support.command_line import RunError
from support.processes import in_parallel
from tests.support.harness import wait_until


def test_a_pool_whose_process_is_killed_says_so_in_one_line(monkeypatch):
    """It starts without what our commands import."""
    spawned = partial(multiprocessing.get_context, "spawn")
    monkeypatch.setattr("support.processes.process_context", spawned)
    assert sorted(in_parallel(abs, [-1, 2, -3])) == [1, 2, 3]
    with pytest.raises(RunError, match="a process was killed"):
        list(in_parallel(signal.raise_signal, [signal.SIGKILL]))
    # The pool's own thread waits for them, too, and Python forgets a process once that one has seen its end.
    wait_until(lambda: not multiprocessing.active_children(), "none of them is left")
