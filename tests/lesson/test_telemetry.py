"""A lesson on privacy does not phone home, unless the person wants it to."""

import ast
import os
import subprocess
import sys

import pytest

from tests.support.harness import PROGRAMS, ROOT

LOOPBACK = {"127.0.0.1", "localhost", "::1", "None"}


@pytest.fixture
def start_all_noted(federation, stage):
    """start_all_noted(telemetry) starts federation.py, and has every process of it note whom it calls."""
    words = ["--clients", 3, "--rounds", 1, "--address", federation.address, "--run", "run"]
    # Not by way of the package tests, which would switch telemetry off itself.
    everywhere = os.pathsep.join(map(str, (PROGRAMS / "everywhere", PROGRAMS, ROOT)))

    def start_all(telemetry):
        noted = {"PYTHONPATH": everywhere, "PHONE_NOTES": "notes", "PHONE_TELEMETRY": telemetry}
        return stage.start("federation.py", *words, cwd=federation.directory, cold=True, **noted)

    return start_all


def calls(directory):
    """Return the hosts that the file `notes` names, one for each call."""
    return (directory / "notes").read_text(encoding="utf-8").split()


def test_nobody_outside_is_called_by_what_is_imported_once_for_all_processes(
    federation, start_all_noted
):
    command = start_all_noted("unset")
    assert command.wait() == 0, command
    called = calls(federation.directory)
    assert len(called) > 1  # federation.py's, and those of what it has started
    assert set(called) <= LOOPBACK


# Sends an event at once and by itself, where a command leaves that to a thread.
EVENT = """
from phone import listen_in
listen_in("notes", {wish!r})
import {first}
import {then}
from flwr.supercore.telemetry import EventType, create_event
create_event(EventType.PING, None)
"""


@pytest.mark.parametrize(
    "first, then, wish, called",
    [
        ("flwr.server", "support", "unset", set()),
        ("support", "flwr.server", "unset", set()),
        ("flwr.server", "support", "1", {"telemetry.flower.ai"}),
    ],
)
def test_the_order_of_imports_switches_nothing_on(tmp_path, first, then, wish, called):
    code = EVENT.format(wish=wish, first=first, then=then)
    paths = {"PYTHONPATH": os.pathsep.join(map(str, (PROGRAMS, ROOT)))}
    # FLWR_HOME: where Flower keeps the number by which it knows a person again.
    environment = {**os.environ, **paths, "FLWR_HOME": str(tmp_path)}
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, check=True)
    assert set(calls(tmp_path)) - LOOPBACK == called


def test_every_command_imports_what_switches_it_off():
    for path in ROOT.rglob("*.py"):
        code = path.read_text(encoding="utf-8")
        if not {".venv", "tests"} & {*path.parts} and "    run_command(main)" in code:
            nodes = ast.walk(ast.parse(code))
            modules = [node.module for node in nodes if isinstance(node, ast.ImportFrom)]
            assert any(module.startswith("support") for module in modules), path


@pytest.mark.parametrize("name", ["server", pytest.param("all", marks=pytest.mark.thorough)])
def test_who_wants_telemetry_has_it(federation, start, start_all_noted, name):
    """What shows that the tests above can fail."""
    if name == "all":
        command = start_all_noted("1")
    else:
        noted = [PROGRAMS / "phone.py", "notes", "1", ROOT / "server.py"]
        words = ["--clients", 3, "--address", federation.address, "--run", "run"]
        command = start([*noted, *words], federation.directory)
    command.wait_until((federation.directory / "notes").exists, "something is called")
    command.wait_until(
        lambda: set(calls(federation.directory)) - LOOPBACK == {"telemetry.flower.ai"},
        "Flower is called",
    )
