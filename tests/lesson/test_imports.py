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
for module in sys.argv[1:]:
    importlib.import_module(module)
    print(json.dumps({
        "threads": threading.active_count(),
        "children": len(me.children()),
        "connections": len(me.net_connections()),
        "torchvision": "torchvision" in sys.modules,
        "flwr": "flwr" in sys.modules,
    }))
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
    for module, line in zip(modules, done.stdout.splitlines(), strict=True):
        report = json.loads(line)  # and nothing else is printed
        counts = report["threads"], report["children"], report["connections"]
        assert counts == (1, 0, 0), module
        assert not report["torchvision"]  # slow, and only partition.py needs it, when it runs
        assert report["flwr"] == (module in WITH_FLOWER), module
    assert list(tmp_path.iterdir()) == []
