"""Runs one of our commands and notes which files it opens.

    python probe.py OPENED COMMAND.py ARGUMENTS...

Every file that it opens, a line each, goes to the file OPENED.
"""

import os
import runpy
import sys
from pathlib import Path


def note_opened_files(path):
    """Write the name of every file that Python opens from now on to `path`."""
    notes = os.open(path, os.O_WRONLY | os.O_CREAT)

    def note(event, arguments):
        if event == "open":
            os.write(notes, f"{arguments[0]}\n".encode())

    sys.addaudithook(note)


note_opened_files(sys.argv[1])
sys.argv = sys.argv[2:]
sys.path[0] = str(Path(sys.argv[0]).parent)
runpy.run_path(sys.argv[0], run_name="__main__")
