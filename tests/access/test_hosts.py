"""The federation in network namespaces: nodes come in over the network, a stranger does not."""

import ipaddress
import os
import re
import shutil
import socket
import subprocess
from pathlib import Path

import pytest

from beyond.access.hosts import ADDRESSES
from tests.support.certificates import LOOPBACK, make_certificates, x509
from tests.support.marked import Place
from tests.support.open_ports import is_loopback

NGINX = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")


def can_make_networks():
    """Return whether namespaces, and cables between them, can be made here."""
    try:
        words = "unshare --net ip link add one type veth peer name two"
        return subprocess.run(words.split(), capture_output=True).returncode == 0
    except OSError:
        return False


def network_of(number):
    """Return which network namespace the process `number` is in."""
    return os.readlink(f"/proc/{number}/ns/net")


def heard_by_others(process):
    """Return the addresses beyond loopback on which the host of `process` listens, whichever that is."""
    lines = Path(f"/proc/{process.pid}/net/tcp").read_text().splitlines()[1:]
    rows = [line.split() for line in lines]
    hosts = {socket.inet_ntoa(bytes.fromhex(row[1][:8])[::-1]) for row in rows if row[3] == "0A"}
    return {host for host in hosts if not is_loopback(host)}


@pytest.mark.thorough
@pytest.mark.skipif(not NGINX, reason="nginx is missing")
@pytest.mark.skipif(not can_make_networks(), reason="network namespaces cannot be made here")
def test_hosts_that_can_only_talk_over_a_network(tmp_path, mnist):
    place = Place(tmp_path, mnist, sizes=[60, 50])
    shutil.rmtree(place.directory / "certificates")
    server = x509.IPAddress(ipaddress.ip_address(ADDRESSES["server"]))
    make_certificates(place.directory / "certificates", hosts=[*LOOPBACK, server])
    words = ["--certificates", "certificates", "--run", "results/hosts"]
    command = place.start("-m", "beyond.access.hosts", *words)
    try:
        command.wait_for("^node 1")
        assert place.names().count("flower-supernode") == 2
        elsewhere = [one for one in place.processes() if network_of(one.pid) != network_of("self")]
        assert {host for process in elsewhere for host in heard_by_others(process)} == {
            ADDRESSES["server"]
        }
        assert command.wait() == 0, command.output
    finally:
        place.close()
    assert "server    Round  2 of 2: accuracy" in command.output
    tries = re.findall(r"^stranger .*: (.*)$", command.output, re.MULTILINE)
    assert tries == ["no connection", "403 Forbidden"]
    place.assert_nothing_is_left()
