"""What a command prints to: a terminal, a pipe that somebody closes, a full disk, a notebook, nothing."""

import os
import signal
import sys
from contextlib import suppress


def reopen_closed_streams():
    """Give a command that was started with closed streams (>&-) others, which lead nowhere.

    The next file that is opened would take their place, and have our output in it.
    """
    for descriptor, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number, which is this one
            setattr(sys, name, os.fdopen(descriptor, mode, closefd=False))


def prepare_output():
    """Show every printed line at once, whatever characters are in the name of a run."""
    with suppress(AttributeError, ValueError):  # a notebook's stream, say
        sys.stdout.reconfigure(line_buffering=True, errors="backslashreplace")


def complain(line):
    """Print `line` on stderr, if anybody can read it."""
    try:
        print(line, file=sys.stderr, flush=True)
    except (OSError, ValueError):
        drop_output(sys.stderr)


def leave_the_pipe():
    """End as programs do when the one that reads them has ended: in silence, as SIGPIPE would."""
    drop_output()
    sys.exit(128 + getattr(signal, "SIGPIPE", 13))  # Windows has no such signal


def drop_output(stream=None):
    """Let what is still to be printed lead nowhere, or Python ends with status 120 when it cannot.

    `stream` is stdout unless it is given.
    """
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), (stream or sys.stdout).fileno())
