"""A lesson on privacy does not phone home, unless the person wants it to."""

import ast
import os
import subprocess
import sys

import pytest

from tests.support.harness import PROGRAMS, ROOT

LOOPBACK = {"127.0.0.1", "localhost", "::1", "None"}


@pytest.fixture
def start_noted(federation, start):
    """start_noted(telemetry, name) starts NAME.py of a federation of one, and has it note whom it calls."""
    (federation.directory / "partitions/settings.json").unlink()  # which says that there are three
    words = {
        "server": ["--clients", 1, "--rounds", 1, "--address", federation.address, "--run", "run"],
        "client": ["--partition-id", 0, "--server", federation.address],
    }
    return lambda telemetry, name: start(
        [PROGRAMS / "phone.py", name, telemetry, ROOT / f"{name}.py", *words[name]],
        federation.directory,
    )


@pytest.fixture
def start_all_noted(federation, stage):
    """start_all_noted(telemetry) starts federation.py, and has every process of it note whom it calls."""
    words = ["--clients", 3, "--rounds", 1, "--address", federation.address, "--run", "run"]
    # Not by way of the package tests, which would switch telemetry off itself.
    everywhere = os.pathsep.join(map(str, (PROGRAMS / "everywhere", PROGRAMS, ROOT)))

    def start_all(telemetry):
        noted = {"PYTHONPATH": everywhere, "PHONE_NOTES": "all", "PHONE_TELEMETRY": telemetry}
        return stage.start("federation.py", *words, cwd=federation.directory, cold=True, **noted)

    return start_all


def calls(file):
    """Return the hosts that have been called so far, one for each call."""
    return file.read_text(encoding="utf-8").split()


@pytest.mark.thorough  # the next test says the same of all three commands together
def test_nobody_outside_is_called(federation, start_noted):
    for command in [start_noted("unset", name) for name in ("server", "client")]:
        assert command.wait() == 0, command.output
    for name in ("server", "client"):
        assert set(calls(federation.directory / name)) <= LOOPBACK


def test_nobody_outside_is_called_by_what_is_imported_once_for_all_processes(
    federation, start_all_noted
):
    command = start_all_noted("unset")
    assert command.wait() == 0, command
    called = calls(federation.directory / "all")
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
    assert set(calls(tmp_path / "notes")) - LOOPBACK == called


def test_every_command_imports_what_switches_it_off():
    for path in ROOT.rglob("*.py"):
        code = path.read_text(encoding="utf-8")
        if not {".venv", "tests"} & {*path.parts} and "    run_command(main)" in code:
            nodes = ast.walk(ast.parse(code))
            modules = [node.module for node in nodes if isinstance(node, ast.ImportFrom)]
            assert any(module.startswith("support") for module in modules), path


@pytest.mark.parametrize("name", ["server", pytest.param("all", marks=pytest.mark.thorough)])
def test_who_wants_telemetry_has_it(federation, start_noted, start_all_noted, name):
    """What shows that the tests above can fail."""
    command = start_noted("1", "server") if name == "server" else start_all_noted("1")
    notes = federation.directory / name
    command.wait_until(notes.exists, "something is called")
    flower = {"telemetry.flower.ai"}
    command.wait_until(lambda: set(calls(notes)) - LOOPBACK == flower, "Flower is called")
