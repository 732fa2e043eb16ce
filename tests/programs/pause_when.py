"""Runs one of our commands and lets it pause when a file of some name has come: a moment to meet it at.

    python pause_when.py PATTERN COMMAND.py ARGUMENTS...

It says "Paused" when it is about to touch the next file after one that matches PATTERN has come, and stays
there until a signal comes.
"""

import os
import runpy
import sys
import threading
from pathlib import Path

TOUCHES = ("open", "os.mkdir", "os.rename", "os.remove", "shutil.rmtree")


def pause_when_there(pattern):
    """Pause as soon as a file in this directory matches `pattern`."""
    here, directory = threading.get_ident(), Path.cwd()
    is_over = False

    def look(event, arguments):
        nonlocal is_over
        if is_over or event not in TOUCHES or threading.get_ident() != here:
            return
        is_over = True  # the look itself touches files
        is_over = any(directory.glob(pattern))
        if is_over:
            os.write(1, b"Paused\n")
            while True:
                threading.Event().wait(0.05)

    sys.addaudithook(look)


if __name__ == "__main__":
    pause_when_there(sys.argv[1])
    sys.argv = sys.argv[2:]
    sys.path[0] = str(Path(sys.argv[0]).parent)
    runpy.run_path(sys.argv[0], run_name="__main__")
