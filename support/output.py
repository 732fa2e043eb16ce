"""Where a command's output goes: at once to whatever reads it, into a file, or nowhere."""

import os
import sys
from contextlib import suppress


def prepare_output():
    """Show every printed line at once, whatever characters are in the name of a run."""
    with suppress(AttributeError, ValueError):  # a notebook's stream, say
        sys.stdout.reconfigure(line_buffering=True, errors="backslashreplace")


def print_into(log):
    """Let all that this process prints from now on go to the file `log`, as UTF-8."""
    with open(log, "wb") as file:
        for number in (1, 2):
            os.dup2(file.fileno(), number)
    # On Windows the streams of a console print to nothing but a console, wherever 1 and 2 lead by now.
    for name, number in (("stdout", 1), ("stderr", 2)):
        stream = os.fdopen(
            number, "w", 1, encoding="utf-8", errors="backslashreplace", closefd=False
        )
        setattr(sys, name, stream)


def drop_output(stream):
    """Discard what `stream` still holds; Python would end with status 120 because it cannot write it."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
