"""What a deployment refuses before it starts anything: one line, exit status 2, nothing left."""

import socket

import pytest

from tests.support.complaints import complaint
from tests.support.harness import snapshot
from tests.support.ports import free_address, idle_address

COMMAND = "beyond.engine.deployment"


@pytest.fixture
def refuses_to_deploy(place, stage):
    """refuses_to_deploy(*words) runs the command in `place`; checks and returns its complaint."""
    before = snapshot(place)

    def run(*words, **changes):
        words = ["--clients", 3, *words]
        if "--address" not in words:
            words += ["--address", idle_address()]
        finished = stage.run("-m", COMMAND, *words, cwd=place, **changes)
        return complaint(finished, COMMAND)

    yield run
    assert snapshot(place) == before


def test_a_node_without_a_partition(refuses_to_deploy):
    line = refuses_to_deploy("--partitions", 0, 1, 7)
    assert "no partitions/client_7.npz" in line


def test_a_partition_that_another_node_has(refuses_to_deploy):
    assert "two nodes would have partition 1" in refuses_to_deploy("--partitions", 0, 1, 1)


def test_a_port_in_use(refuses_to_deploy):
    address = free_address()
    host, port = address.split(":")
    with socket.create_server((host, int(port))):
        assert f"cannot listen on {address}" in refuses_to_deploy("--address", address)


def test_a_proxy_that_is_missing(refuses_to_deploy, place, monkeypatch):
    line = refuses_to_deploy("--proxy", "--certificates", "nowhere")
    assert "nowhere" in line  # certificates come first
    assert "--certificates" in refuses_to_deploy("--proxy")


def test_an_open_superlink(refuses_to_deploy):
    assert "use --certificates" in refuses_to_deploy("--address", "0.0.0.0:8000")
