"""Addresses: written well or refused, and on this machine no proxy comes between."""

import argparse
import socket
from pathlib import Path

import pytest

from support.argument_types import address
from support.listening import free_port

NOWHERE = "http://127.0.0.1:9"  # a proxy that is not there
PROXIES = [
    {"http_proxy": NOWHERE, "no_proxy": "example.org"},
    {"grpc_proxy": NOWHERE, "no_grpc_proxy": "example.org"},  # the only one gRPC reads then
]


BAD = [
    "",
    "8080",
    ":8080",
    "localhost",
    "localhost:",
    "localhost:0",
    "localhost:65536",
    "localhost:-1",
]
BAD += ["localhost:http", "http://127.0.0.1:8080", "127.0.0.1:8080/", "127.0.0.1:8080 "]
BAD_IPV6 = ["::1:8080", "[::1:8080", "::1]:8080", "[::1]]:8080", "[]:8080", "[127.0.0.1]:8080"]


@pytest.mark.parametrize("text", BAD)
def test_what_is_no_host_and_port_is_refused(text):
    with pytest.raises(argparse.ArgumentTypeError):
        address(text)


@pytest.mark.parametrize("text", BAD_IPV6)
def test_ipv6_without_its_brackets_is_refused_with_the_way_to_write_it(text):
    with pytest.raises(argparse.ArgumentTypeError, match=r"IPv6 is written \[::1\]:8080"):
        address(text)


@pytest.mark.parametrize(
    "text", ["[::1]:8080", "[fe80::1]:80", "127.0.0.2:65535", "a.example.org:1"]
)
def test_what_is_written_well_is_taken_as_it_is(text):
    assert address(text) == text


def test_a_free_port_is_given_to_no_outgoing_connection_and_not_always_the_same():
    ports = {free_port() for _ in range(20)}
    assert len(ports) > 1
    handed_out = Path("/proc/sys/net/ipv4/ip_local_port_range")
    first = (
        int(handed_out.read_text(encoding="utf-8").split()[0]) if handed_out.exists() else 32_768
    )
    assert max(ports) < first
    with socket.create_server(("127.0.0.1", free_port())):
        pass


@pytest.mark.parametrize("host", ["127.0.0.2", "[::1]"])
def test_no_proxy_comes_between_us_and_a_server_on_this_machine(
    make_federation, stage, tmp_path, host
):
    if host == "[::1]" and not socket.has_dualstack_ipv6():
        pytest.skip("has no IPv6")
    federation = make_federation(tmp_path, sizes=[60] * len(PROXIES))
    federation.address = federation.address.replace("127.0.0.1", host)
    server = federation.server(rounds=1)
    for number, proxy in enumerate(PROXIES):
        words = ["--partition-id", number, "--server", federation.address, "--max-wait", 20]
        stage.start("client.py", *words, cwd=tmp_path, **proxy)
    server.finish()
    assert federation.counts() == [(0, 0, 0), (1, len(PROXIES), 0)]
