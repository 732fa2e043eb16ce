"""A lesson on privacy does not phone home, unless the person wants it to."""

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


def hosts_called(federation, name):
    """Return the hosts that NAME.py has called so far."""
    notes = federation.directory / name
    return set(notes.read_text().split()) if notes.exists() else set()


def test_nobody_outside_is_called(federation, start_noted):
    server, client = start_noted("unset", "server"), start_noted("unset", "client")
    assert (server.wait(), client.wait()) == (0, 0), server.output + client.output
    assert hosts_called(federation, "server") <= LOOPBACK
    assert hosts_called(federation, "client") <= LOOPBACK


def test_who_wants_telemetry_has_it(federation, start_noted):
    """What shows that the test above can fail."""
    server = start_noted("1", "server")
    server.wait_until(
        lambda: "telemetry.flower.ai" in hosts_called(federation, "server"), "Flower is called"
    )
