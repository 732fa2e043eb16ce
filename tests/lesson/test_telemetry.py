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

    def start_one(telemetry, name):
        noted = [PROGRAMS / "phone.py", name, telemetry, ROOT / f"{name}.py", *words[name]]
        return start(noted, federation.directory)

    return start_one


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


def strangers_called(federation, name):
    """Return the hosts beyond this machine that a command has called so far."""
    return set((federation.directory / name).read_text(encoding="utf-8").split()) - LOOPBACK


@pytest.mark.thorough  # the next test says the same of all three commands together
def test_nobody_outside_is_called(federation, start_noted):
    server, client = start_noted("unset", "server"), start_noted("unset", "client")
    assert (server.wait(), client.wait()) == (0, 0), server.output + client.output
    assert strangers_called(federation, "server") == set()
    assert strangers_called(federation, "client") == set()


def test_nobody_outside_is_called_by_what_is_imported_once_for_all_processes(
    federation, start_all_noted
):
    command = start_all_noted("unset")
    assert command.wait() == 0, command
    calls = (federation.directory / "all").read_text(encoding="utf-8").split()
    assert len(calls) > 1  # federation.py's, and those of what it has started
    assert strangers_called(federation, "all") == set()


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
    assert set((tmp_path / "notes").read_text(encoding="utf-8").split()) - LOOPBACK == called


def test_every_command_imports_what_switches_it_off():
    for path in COMMANDS:
        modules = {
            node.module
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if is_import(node)
        }
        assert any(module.startswith("support") for module in modules), path


COMMANDS = [
    path
    for path in ROOT.rglob("*.py")
    if not {".venv", "tests"} & {*path.parts}
    and "    run_command(main)" in path.read_text(encoding="utf-8")
]


def is_import(node):
    """Return whether a part of a program is `from x import y`."""
    return isinstance(node, ast.ImportFrom)


@pytest.mark.parametrize("name", ["server", pytest.param("all", marks=pytest.mark.thorough)])
def test_who_wants_telemetry_has_it(federation, start_noted, start_all_noted, name):
    """What shows that the tests above can fail."""
    command = start_noted("1", "server") if name == "server" else start_all_noted("1")
    notes = federation.directory / name
    command.wait_until(notes.exists, "something is called")
    command.wait_until(
        lambda: strangers_called(federation, name) == {"telemetry.flower.ai"}, "Flower is called"
    )
