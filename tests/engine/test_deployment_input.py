"""What a deployment, or a node, refuses before it starts anything: one line, exit status 2, nothing left."""

from support.command_line import UserError

import fcntl
import socket

import pytest

from beyond.engine.proxy import find_nginx
from tests.support.complaints import complaint
from tests.support.harness import snapshot
from tests.support.ports import free_address, idle_address

DEPLOYMENT, NODE = "beyond.engine.deployment", "beyond.engine.node"


@pytest.fixture
def refuses_module(place, stage):
    """refuses_module(module, *words) runs it in `place`; checks and returns its complaint."""
    return lambda module, *words: complaint(stage.run("-m", module, *words, cwd=place), module)


@pytest.fixture
def refuses_to_deploy(refuses_module):
    """refuses_to_deploy(*words) starts a deployment of three; checks and returns its complaint."""
    return lambda *words: refuses_module(
        DEPLOYMENT, "--address", idle_address(), "--clients", 3, *words
    )


@pytest.fixture(autouse=True)
def nothing_is_left(place):
    """Check after the test that no file has come or changed."""
    before = snapshot(place)
    yield
    after = snapshot(place)
    assert before | after == before


def test_a_node_without_a_partition(refuses_to_deploy, refuses_module, place):
    assert "partitions/client_7.npz" in refuses_module(NODE, "--partition-id", 7, "--insecure")
    (place / "partitions/settings.json").unlink()  # somebody's own data now, for three clients
    assert "there is no partitions/client_3.npz" in refuses_to_deploy("--clients", 4)


def test_a_partition_that_another_node_has(refuses_module, place):
    with open(place / "partitions/client_1.npz") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # as a node does
        line = refuses_module(NODE, "--partition-id", 1, "--insecure")
    assert "another node has partition 1" in line


def test_a_node_that_says_nothing_about_tls(refuses_module):
    assert "give either --ca FILE" in refuses_module(NODE, "--partition-id", 1)


def test_a_port_in_use(refuses_to_deploy):
    address = free_address()
    host, port = address.split(":")
    with socket.create_server((host, int(port))):
        assert f"cannot listen on {address}" in refuses_to_deploy("--address", address)


def test_a_proxy_without_certificates(refuses_to_deploy):
    line = refuses_to_deploy("--proxy", "--certificates", "nowhere")
    assert "nowhere" in line  # certificates come first
    assert "--certificates" in refuses_to_deploy("--proxy")


def test_a_proxy_that_is_missing(monkeypatch):
    monkeypatch.setattr("beyond.engine.proxy.shutil.which", lambda *words, **options: None)
    with pytest.raises(UserError, match="nginx is missing; apt-get install"):
        find_nginx()


def test_an_open_superlink(refuses_to_deploy):
    assert "use --certificates" in refuses_to_deploy("--address", "0.0.0.0:8000")


@pytest.mark.parametrize("address", ["[::1]:8000", "127.0.0.2:8000"])
def test_a_superlink_where_it_does_not_listen(refuses_to_deploy, address):
    assert "SuperLink listens on 127.0.0.1" in refuses_to_deploy("--address", address)
