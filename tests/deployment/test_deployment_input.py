"""What a deployment, or a node, refuses before it starts anything: one line, exit status 2, nothing left."""

from support.command_line import UserError

import errno
import os
import socket
from pathlib import Path

import pytest
from flwr.common.config import parse_config_args

from beyond.deployment.keys import check_key, make_key
from beyond.deployment.node import held_partition
from beyond.deployment.proxy import find_nginx
from beyond.deployment.services import node_words
from tests.support.certificates import DAY, make_certificates
from tests.support.complaints import complaint
from tests.support.harness import snapshot
from tests.support.ports import free_address, idle_address

DEPLOYMENT, NODE = "beyond.deployment.federation", "beyond.deployment.node"


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


def test_a_partition_that_another_node_has(refuses_module, place, monkeypatch):
    monkeypatch.chdir(place)
    with held_partition(1):
        line = refuses_module(NODE, "--partition-id", 1, "--insecure")
    assert "another node has partition 1" in line


@pytest.mark.parametrize("number", [errno.EBADF, errno.ENOLCK, errno.EOPNOTSUPP])
def test_a_disk_without_locks_is_nobody_elses_partition(monkeypatch, place, number):
    """So network disks answer; there is none here."""

    def refuse(descriptor, operation):
        raise OSError(number, os.strerror(number))

    monkeypatch.chdir(place)
    monkeypatch.setattr("fcntl.flock", refuse)
    with held_partition(1):
        pass


def test_certificates_that_are_not_valid_today(refuses_to_deploy, refuses_module, tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    old = make_certificates(folder / "old", valid_for=-DAY)
    line = refuses_to_deploy("--certificates", old)
    assert f"{old}/server.pem has expired" in line and "make certificates" in line
    authority = make_certificates(folder / "authority", ca_valid_for=-DAY) / "ca.pem"
    trusting = ("--partition-id", 1, "--ca", authority)
    assert f"{authority} has expired" in refuses_module(NODE, *trusting)


def test_a_key_that_is_none(refuses_module, place, tmp_path_factory):
    folder = tmp_path_factory.mktemp("keys")
    private, public = make_key(folder / "keys", "node")
    check_key(private)
    with pytest.raises(UserError, match="is no private key for a SuperNode; make one with ssh-key"):
        check_key(public)
    ca = make_certificates(folder / "tls") / "ca.pem"
    words = ("--partition-id", 1, "--ca", ca, "--key")
    assert "a_file is no private key" in refuses_module(NODE, *words, "a_file")
    assert "cannot read nowhere" in refuses_module(NODE, *words, "nowhere")


def test_a_name_that_flower_cannot_be_told(refuses_to_deploy):
    assert r"'a\udcff' is not; choose another" in refuses_to_deploy("--run", "a\udcff")


NAMES = ['a "b', "it's", "back\\slash", "two\nlines", "a = b", "é", "🌼", "$HOME #"]


@pytest.mark.parametrize("name", NAMES)
def test_a_node_knows_its_folder_wherever_that_is(tmp_path_factory, monkeypatch, name):
    folder = tmp_path_factory.mktemp("checkout") / name
    folder.mkdir()
    monkeypatch.chdir(folder)
    _, config = node_words(3)
    assert parse_config_args([config]) == {"partition-id": 3, "folder": f"{folder}/partitions"}


def test_a_folder_that_flower_cannot_be_told(tmp_path_factory, monkeypatch):
    folder = Path(os.fsdecode(os.fsencode(tmp_path_factory.mktemp("checkout")) + b"/a\xff"))
    folder.mkdir()
    monkeypatch.chdir(folder)
    with pytest.raises(UserError, match="Flower takes names in UTF-8 only"):
        node_words(3)


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
    monkeypatch.setattr("beyond.deployment.proxy.shutil.which", lambda *words, **options: None)
    with pytest.raises(UserError, match="nginx is missing; apt-get install"):
        find_nginx()


def test_an_open_superlink(refuses_to_deploy):
    assert "use --certificates" in refuses_to_deploy("--address", "0.0.0.0:8000")


@pytest.mark.parametrize("address", ["[::1]:8000", "127.0.0.2:8000"])
def test_a_superlink_where_it_does_not_listen(refuses_to_deploy, address):
    assert "SuperLink listens on 127.0.0.1" in refuses_to_deploy("--address", address)
