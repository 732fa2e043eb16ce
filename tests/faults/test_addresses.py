"""Addresses: written well or refused, open to this machine only, and with no proxy between.

What the engine opens is looked at where it runs anyway: tests/engine.
"""

import argparse
import importlib
import re
import socket
from contextlib import suppress
from pathlib import Path

import pytest

from support.argument_types import address
from support.command_line import UserError
from support.listening import free_port
from tests.support.harness import ROOT, processes_in
from tests.support.open_ports import assert_only_loopback, open_ports
from tests.support.ports import free_address

# Every command that listens where its options say, besides those that test_refusals.py and test_site.py try.
TRIED = {"server", "federation", "beyond.watch"}
LISTENING = {
    "beyond.heterogeneity.server": "--address",
    "beyond.heterogeneity.federation": "--address",
    "beyond.differential_privacy.server": "--address --clip=1 --noise-multiplier=1",
    "beyond.differential_privacy.federation": "--address --clip=1 --noise-multiplier=1",
    "beyond.price.server": "--address --clip=1 --noise-multiplier=1",
    "beyond.price.federation": "--address --clip=1 --noise-multiplier=1",
    "beyond.example_privacy.server": "--address",
    "beyond.example_privacy.federation": "--address --target-epsilon=8",
    "beyond.communication.compare": "--address",
    "beyond.communication.paper": "--address",
    "beyond.communication.paper_cnn": "--address",
    "beyond.deployment.federation": "--address",
    "beyond.deployment.kill_drills": "--address node",
    "beyond.secure_aggregation.deployment": "--address",
    "beyond.secure_aggregation.killed": "--address",
    "beyond.wire.wiretap": "--listen",
}


@pytest.mark.parametrize("program", LISTENING)
def test_a_port_that_is_taken_is_refused_with_the_option_for_another(
    program, refuses_here, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    option, *words = LISTENING[program].split()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        where = f"127.0.0.1:{taken.getsockname()[1]}"
        line = refuses_here(program, *words, option, where)
    assert f"cannot listen on {where}: Address already in use; " in line
    assert line.endswith(f"choose another {option}")


def test_no_command_that_listens_where_its_options_say_is_forgotten(capsys):
    for path in [*ROOT.glob("*.py"), *ROOT.glob("beyond/*/*.py")]:
        if "run_command(main)" not in path.read_text(encoding="utf-8"):
            continue
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        with pytest.raises(SystemExit), suppress(UserError):
            importlib.import_module(name).main(["--help"])
        options = set(re.findall(r"^ +(--[a-z]+)", capsys.readouterr().out, re.MULTILINE))
        if options & {"--address", "--listen", "--port"}:
            assert name.removesuffix(".__main__") in {*LISTENING, *TRIED}


USUAL, IPV6 = "such as 127.0.0.1:8080$", r"IPv6 is written \[::1\]:8080$"
BAD = [  # what is written, and what is said of it
    (["", "8080", ":8080", "localhost", "localhost:", "localhost:-1", "localhost:http"], USUAL),
    (["http://127.0.0.1:8080", "127.0.0.1:8080/", "127.0.0.1:8080 "], USUAL),
    (["localhost:0", "localhost:65536"], "is not between 1 and 65535$"),
    (["::1:8080", "[::1:8080", "::1]:8080", "[::1]]:8080", "[]:8080"], IPV6),
    (["[127.0.0.1]:8080", "name]:8080"], IPV6),
]


@pytest.mark.parametrize("text, said", [(text, said) for texts, said in BAD for text in texts])
def test_what_is_no_host_and_port_is_refused_with_the_way_to_write_it(text, said):
    with pytest.raises(argparse.ArgumentTypeError, match=said):
        address(text)


@pytest.mark.parametrize(
    "text", ["[::1]:8080", "[fe80::1]:80", "127.0.0.2:65535", "a.example.org:1"]
)
def test_what_is_written_well_is_taken_as_it_is(text):
    assert address(text) == text


def test_a_free_port_is_given_to_no_outgoing_connection_and_not_always_the_same():
    ports = {free_port() for _ in range(20)}
    handed_out = Path("/proc/sys/net/ipv4/ip_local_port_range")
    first = int(handed_out.read_text("utf-8").split()[0]) if handed_out.exists() else 32_768
    assert len(ports) > 1 and max(ports) < first
    socket.create_server(("127.0.0.1", free_port())).close()


LONG_RUN = ["--clients", 3, "--rounds", 1000, "--run", "results/run"]
COMMANDS = {  # the words before those that name a port, and the line by which the command is at work
    "server": (["server.py", *LONG_RUN, "--address"], "^Waiting for clients"),
    "federation": (["federation.py", *LONG_RUN, "--address"], "^Round +1 "),
    "wiretap": (["-m", "beyond.wire.wiretap", "--listen"], "^Listening"),
    "watch": (["-m", "beyond.watch", "results/run", "--port"], "^http"),
}


@pytest.mark.parametrize("words, ready", COMMANDS.values(), ids=COMMANDS)
def test_only_this_machine_is_let_in(federation, stage, words, ready):
    where = free_address()
    port = where.rpartition(":")[2]
    words = [*words, port if words[-1] == "--port" else where]
    stage.start(*words, cwd=federation.directory).wait_for(ready)
    ports = open_ports(processes_in(federation.directory))
    assert_only_loopback(ports)
    assert int(port) in {one.port for one in ports}


NOWHERE = "http://127.0.0.1:9"  # a proxy that is not there
PROXIES = [
    {"http_proxy": NOWHERE, "no_proxy": "example.org"},
    {"grpc_proxy": NOWHERE, "no_grpc_proxy": "example.org"},  # the only one gRPC reads then
]


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
