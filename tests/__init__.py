"""Tests: a folder for what each checks; support/ helps all of them, programs/ holds what they start."""

import importlib

importlib.import_module("support.environment")  # before Flower, whatever a test imports first
