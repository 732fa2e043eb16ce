"""Tests: a folder for what each checks; support/ helps all of them, programs/ holds what they start."""

import importlib
import os

# What a machine, or the make that runs the tests, may have set for all commands: a reader's have none of it.
# PYTHONUNBUFFERED hides what is never flushed; make VENV=... would have any other make remove that VENV.
for name in ("PYTHONUNBUFFERED", "MAKEFLAGS", "MFLAGS", "MAKEOVERRIDES", "MAKELEVEL"):
    os.environ.pop(name, None)

# Several tests run beside each other: a thread of PyTorch's that waits for another one is not to keep a core
# busy meanwhile. That changes no result, and PyTorch reads it when it is imported.
os.environ["OMP_WAIT_POLICY"] = "PASSIVE"

importlib.import_module("support")  # before Flower, whatever a test imports first
