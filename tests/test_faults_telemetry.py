"""A lesson on privacy does not phone home, unless the person wants it to."""

import pytest
from harness import ROOT, TESTS

pytest_plugins = ["faults_stage"]

LOOPBACK = {"127.0.0.1", "localhost", "None"}


@pytest.fixture
def hosts_called(federation, start):
    """hosts_called(telemetry) runs server.py and client.py; returns the hosts that each of them called."""

    def run(telemetry):
        def start_noted(name, *words):
            noted = [TESTS / "faults_phone.py", name, telemetry, ROOT / f"{name}.py", *words]
            return start(noted, federation.directory)

        address = federation.address
        server = start_noted(
            "server", "--clients", 1, "--rounds", 1, "--address", address, "--run", "run"
        )
        client = start_noted("client", "--partition-id", 0, "--server", address)
        assert (server.wait(), client.wait()) == (0, 0), server.output + client.output
        return {
            name: set((federation.directory / name).read_text().split())
            for name in ("server", "client")
        }

    return run


def test_nobody_outside_is_called(hosts_called):
    for hosts in hosts_called("unset").values():
        assert hosts <= LOOPBACK


def test_who_wants_telemetry_has_it(hosts_called):
    """What shows that the test above can fail."""
    for hosts in hosts_called("1").values():
        assert "telemetry.flower.ai" in hosts - LOOPBACK
