"""Tests: a folder for what each checks; support/ helps all of them, programs/ holds what they start."""

import importlib
import os

# Several tests run beside each other: a thread of PyTorch's that waits for another one is not to keep a core
# busy meanwhile. That changes no result, and PyTorch reads it when it is imported.
os.environ["OMP_WAIT_POLICY"] = "PASSIVE"

importlib.import_module("support.environment")  # before Flower, whatever a test imports first
