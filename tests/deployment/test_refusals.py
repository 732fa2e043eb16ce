"""What a deployment, a node or a SuperExec refuses before it starts anything, in one line."""

import errno
import os
import socket
from pathlib import Path
from unittest.mock import Mock

import pytest
from flwr.common.config import parse_config_args

from beyond.deployment.keys import check_key, make_key
from beyond.deployment.node import held_partition
from beyond.deployment.proxy import find_nginx
from beyond.deployment.services import node_words
from support.command_line import UserError
from tests.support.certificates import DAY, make_certificates
from tests.support.ports import free_address, idle_address

FEDERATION = "beyond.deployment.federation", "--address", idle_address(), "--clients", "3"
NODE = "beyond.deployment.node", "--partition-id", "1"
SUPEREXEC = "beyond.deployment.superexec", "--runtime-api-address", idle_address(), "--insecure"


@pytest.fixture(autouse=True)
def here(place, monkeypatch):
    """Let a command look for its files in `place`, where certificates and keys of several kinds are."""
    monkeypatch.chdir(place)
    make_certificates(place / "old", valid_for=-DAY)
    make_certificates(place / "authority", ca_valid_for=-DAY)
    make_key(place / "keys", "node")


REFUSALS = [
    (FEDERATION, ["--clients", "4"], "there is no partitions/client_3.npz"),
    (FEDERATION, ["--certificates", "old"], "old/server.pem has expired"),
    (FEDERATION, ["--certificates", "old"], "make certificates"),
    (FEDERATION, ["--run", "a\udcff"], r"'a\udcff' is not; choose another"),
    (FEDERATION, ["--proxy", "--certificates", "nowhere"], "nowhere"),  # certificates come first
    (FEDERATION, ["--proxy"], "--certificates"),
    (FEDERATION, ["--address", "0.0.0.0:8000"], "use --certificates"),
    (FEDERATION, ["--address", "[::1]:8000"], "SuperLink listens on 127.0.0.1"),
    (FEDERATION, ["--address", "127.0.0.2:8000"], "SuperLink listens on 127.0.0.1"),
    (NODE, ["--insecure", "--partition-id", "7"], "partitions/client_7.npz"),
    (NODE, [], "give either --ca FILE"),
    (NODE, ["--ca", "authority/ca.pem"], "authority/ca.pem has expired"),
    (NODE, ["--ca", "old/ca.pem", "--key", "a_file"], "a_file is no private key"),
    (NODE, ["--ca", "old/ca.pem", "--key", "nowhere"], "cannot read nowhere"),
    (SUPEREXEC, ["--superexec-auth-secret-file", "nowhere"], "cannot read nowhere: No such file"),
    (SUPEREXEC, ["--runtime-api-address", "nowhere"], "is not HOST:PORT"),
    (SUPEREXEC, ["--root-certificates", "old/ca.pem"], "not allowed with argument --insecure"),
]


@pytest.mark.parametrize("command, words, complaint", REFUSALS)
def test_a_mistake_gets_one_line(refuses_here, place, command, words, complaint):
    (place / "partitions/settings.json").unlink()  # a reader's own data now, for three clients
    assert complaint in refuses_here(*command, *words)


def test_a_partition_that_another_node_has(refuses_here):
    with held_partition(1):
        assert "another node has partition 1" in refuses_here(*NODE, "--insecure")


@pytest.mark.parametrize("number", [errno.EBADF, errno.ENOLCK, errno.EOPNOTSUPP])
def test_a_disk_without_locks_is_nobody_elses_partition(monkeypatch, number):
    """So network disks answer; there is none here."""
    monkeypatch.setattr("fcntl.flock", Mock(side_effect=OSError(number, os.strerror(number))))
    with held_partition(1):
        pass


def test_a_private_key_is_taken_and_a_public_one_is_not():
    check_key("keys/node")
    private, folder = (Path(path).stat().st_mode & 0o777 for path in ("keys/node", "keys"))
    assert (private, folder) == (0o600, 0o700)  # it is this account's alone
    with pytest.raises(UserError, match="is no private key for a SuperNode; make one with ssh-key"):
        check_key("keys/node.pub")


@pytest.mark.parametrize(
    "name", ['a "b', "it's", "back\\slash", "two\nlines", "a = b", "é", "🌼", "$HOME #"]
)
def test_a_node_knows_its_folder_wherever_that_is(tmp_path_factory, monkeypatch, name):
    folder = tmp_path_factory.mktemp("checkout") / name
    folder.mkdir()
    monkeypatch.chdir(folder)
    _, config = node_words(3)
    assert parse_config_args([config]) == {"partition-id": 3, "folder": f"{folder}/partitions"}


def test_a_folder_that_flower_cannot_be_told(tmp_path_factory, monkeypatch):
    folder = tmp_path_factory.mktemp("checkout") / os.fsdecode(b"a\xff")
    folder.mkdir()
    monkeypatch.chdir(folder)
    with pytest.raises(UserError, match="Flower takes names in UTF-8 only"):
        node_words(3)


def test_a_port_in_use(refuses_here):
    address = free_address()
    with socket.create_server(("127.0.0.1", int(address.rpartition(":")[2]))):
        assert f"cannot listen on {address}" in refuses_here(*FEDERATION, "--address", address)


def test_a_proxy_on_windows(monkeypatch):
    monkeypatch.delattr(os, "getuid")
    with pytest.raises(UserError, match="not for Windows; take Linux, or leave --proxy out"):
        find_nginx()


def test_a_proxy_that_is_missing(monkeypatch):
    monkeypatch.setattr("beyond.deployment.proxy.shutil.which", lambda *words, **options: None)
    with pytest.raises(UserError, match="nginx is missing; apt-get install"):
        find_nginx()
