"""Importing a module starts nothing."""

import json
import subprocess
import sys

import pytest

from tests.support.harness import PATIENCE, environment

MODULES = [
    "model",
    "partition",
    "client",
    "server",
    "federation",
    "plot_accuracy",
    "support.preload",
]

REPORT = """
import json, sys, threading
import psutil, {module}
me = psutil.Process()
print(json.dumps({{
    "threads": threading.active_count(),
    "children": len(me.children()),
    "connections": len(me.net_connections()),
    "torchvision": "torchvision" in sys.modules,
    "flwr": "flwr" in sys.modules,
}}))
"""


@pytest.fixture(scope="module")
def reports(tmp_path_factory):
    """What each module's import has done, in a process of its own; and the directory they worked in."""
    directory = tmp_path_factory.mktemp("imports")
    processes = {
        module: subprocess.Popen(
            [sys.executable, "-c", REPORT.format(module=module)],
            cwd=directory,
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for module in MODULES
    }
    return {
        module: process.communicate(timeout=PATIENCE) for module, process in processes.items()
    }, directory


@pytest.mark.parametrize("module", MODULES)
def test_importing_starts_nothing(reports, module):
    output, errors = reports[0][module]
    assert errors == ""
    report = json.loads(output)  # and nothing else is printed
    assert (report["threads"], report["children"], report["connections"]) == (1, 0, 0)
    assert not report["torchvision"]  # slow, and only partition.py needs it, when it runs
    assert report["flwr"] == (module in ("client", "server", "support.preload"))
    assert list(reports[1].iterdir()) == []
