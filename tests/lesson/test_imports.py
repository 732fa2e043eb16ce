"""Importing a module starts nothing."""

import json
import subprocess
import sys

from tests.support.harness import PATIENCE, environment

WITHOUT_FLOWER = ["partition", "plot_accuracy", "federation", "model"]
WITH_FLOWER = ["client", "server", "support.preload"]

REPORT = """
import importlib, json, sys, threading
import psutil
me = psutil.Process()
for name in sys.argv[1:]:
    importlib.import_module(name)
    counts = threading.active_count(), len(me.children()), len(me.net_connections())
    print(json.dumps([name, *counts, "torchvision" in sys.modules, "flwr" in sys.modules]))
"""


def test_importing_starts_nothing(tmp_path):
    modules = [*WITHOUT_FLOWER, *WITH_FLOWER]
    done = subprocess.run(
        [sys.executable, "-c", REPORT, *modules],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        encoding="utf-8",
    )
    assert (done.returncode, done.stderr) == (0, "")
    # torchvision is slow, and only partition.py needs it, when it runs. Nothing else is printed.
    expected = [[name, 1, 0, 0, False, name in WITH_FLOWER] for name in modules]
    assert list(map(json.loads, done.stdout.splitlines())) == expected
    assert list(tmp_path.iterdir()) == []
