"""Runs one of our commands and notes every file that Python opens in the file OPENED, a line each.

python probe.py OPENED COMMAND.py ARGUMENTS...
"""

import os
import runpy
import sys
from pathlib import Path

NOTES = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT)


def note(event, arguments):
    """Write a line."""
    if event == "open":
        os.write(NOTES, f"{arguments[0]}\n".encode())


sys.addaudithook(note)
sys.argv = sys.argv[2:]
sys.path[0] = str(Path(sys.argv[0]).parent)
runpy.run_path(sys.argv[0], run_name="__main__")
