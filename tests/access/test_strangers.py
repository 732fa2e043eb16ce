"""Who comes in, who does not, and what a stranger can do: with Flower's own commands, and over a network."""

import ipaddress
import os
import re
import shutil
import socket
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest

from beyond.access.hosts import ADDRESSES
from tests.support.certificates import LOOPBACK, make_certificates, x509
from tests.support.nginx import needs_nginx
from tests.support.open_ports import is_loopback

COMES_IN = "^a registered key"
CERTIFICATES = ("--certificates", "certificates")


def answers(output):
    """Return {what stands left: what stands right} of a table whose first column is 34 wide."""
    return {line[:34].strip(): line[34:].strip() for line in output.splitlines()}


def test_only_a_registered_key_over_the_right_tls_comes_in(make_place):
    words = ("-m", "beyond.access.refusals", *CERTIFICATES)
    told = answers(make_place([1]).run_watched(*words, moment=COMES_IN))
    assert told["a registered key"] == "comes in", told
    assert "code: 2004" in told["a key that nobody has registered"]
    assert "code: 2001" in told["no key"]
    assert "CERTIFICATE_VERIFY_FAILED" in told["trust in other CAs"]
    assert "isconnected" in told["no TLS"] or "reset" in told["no TLS"]


@pytest.mark.thorough
@needs_nginx
def test_the_hole_is_there_and_the_proxy_closes_it(make_place):
    words = ("-m", "beyond.access.stranger", *CERTIFICATES)
    output = make_place([1]).run_watched(*words, moment="^ *registers a key")
    open_port, proxied = output.split("A stranger at the proxy's port")
    assert "403" not in open_port
    for deed in ("its node may come in", "runs code as", "it is the ServerApp now"):
        assert deed in open_port, output
    assert proxied.count("403 Forbidden") == 3, output


def can_make_networks():
    """Return whether namespaces, and cables between them, can be made here."""
    words = "unshare --net ip link add one type veth peer name two"
    with suppress(OSError):  # there is no such command
        return subprocess.run(words.split(), capture_output=True).returncode == 0


def network_of(number):
    """Return which network namespace the process `number` is in."""
    return os.readlink(f"/proc/{number}/ns/net")


def heard_by_others(process):
    """Return the addresses beyond loopback on which the host of `process` listens, whichever that is."""
    lines = Path(f"/proc/{process.pid}/net/tcp").read_text(encoding="utf-8").splitlines()[1:]
    rows = [line.split() for line in lines]
    hosts = {socket.inet_ntoa(bytes.fromhex(row[1][:8])[::-1]) for row in rows if row[3] == "0A"}
    return {host for host in hosts if not is_loopback(host)}


@pytest.mark.thorough
@needs_nginx
@pytest.mark.skipif(not can_make_networks(), reason="network namespaces cannot be made here")
def test_hosts_that_can_only_talk_over_a_network(make_place):
    place = make_place([60, 50])
    shutil.rmtree(place.directory / "certificates")
    server = x509.IPAddress(ipaddress.ip_address(ADDRESSES["server"]))
    make_certificates(place.directory / "certificates", hosts=[*LOOPBACK, server])
    command = place.start("-m", "beyond.access.hosts", *CERTIFICATES, "--run", "results/hosts")
    command.wait_for("^node 1")
    assert place.names().count("flower-supernode") == 2
    elsewhere = [one for one in place.processes() if network_of(one.pid) != network_of("self")]
    others = {host for process in elsewhere for host in heard_by_others(process)}
    assert others == {ADDRESSES["server"]}
    assert command.wait() == 0, command.output
    assert "server    Round  2 of 2: accuracy" in command.output
    tries = re.findall(r"^stranger .*: (.*)$", command.output, re.MULTILINE)
    assert tries == ["no connection", "403 Forbidden"]
    place.assert_nothing_is_left()
