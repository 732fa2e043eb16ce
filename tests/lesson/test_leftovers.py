"""A command that a test runs in this process leaves nothing for the next test, whichever that is."""

import signal
import threading

import pytest

from support import command_line

HANDLERS = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)


@pytest.mark.parametrize("time", ["first", "again"])
def test_every_test_begins_as_if_no_command_had_run(time):
    assert command_line._command is None
    assert not is_silent(threading.excepthook)
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == HANDLERS
    with pytest.raises(SystemExit):
        command_line.run_command(a_mistake, [])
    assert command_line._command == (__name__, __doc__)
    assert signal.getsignal(signal.SIGINT) != HANDLERS[0]
    assert is_silent(threading.excepthook)


def is_silent(hook):
    """Return whether this is the hook of a command that has ended, which hides how threads fail."""
    return getattr(hook, "__name__", "") == "<lambda>"


def a_mistake(arguments):
    """Fail as commands do."""
    raise command_line.UserError("no")
