"""One node by one command, or its SuperExec alone: it comes in, or says in one line why not."""

import os
import signal
from pathlib import Path
from types import SimpleNamespace

import certifi
import pytest
from flwr.proto.runtime_pb2 import AcquireTaskRequest
from flwr.supercore.constant import TaskType

from beyond.deployment.runtime_api import runtime_client
from beyond.deployment.superexec import can_run
from beyond.simulation.private_flower import PrivateFlower
from support.files import locked
from tests.support.certificates import make_certificates, tls_server
from tests.support.harness import ROOT, wait_until
from tests.support.open_ports import assert_only_loopback, open_ports
from tests.support.ports import free_address, idle_address
from tests.support.shell import SHELL

NODE = ("-m", "beyond.deployment.node", "--partition-id", 0, "--insecure", "--superlink")
SUPEREXEC = ("-m", "beyond.deployment.superexec", "--runtime-api-address")
NO_FALLBACK = (*SUPEREXEC[1:], idle_address(), "--insecure", "--no-fallback")
IS_IN = "^SuperNode .* is in, with partition 0$"


@pytest.fixture
def place(make_place):
    """A directory with one partition."""
    return make_place([20])


@pytest.fixture
def flower(place):
    """A Flower of our own."""
    with PrivateFlower(place.directory / "logs") as flower:
        yield flower


def stop(command):
    """End a command as systemd does."""
    command.send(signal.SIGTERM)
    assert command.wait() == 143


def secrets_of(place):
    """Return (address of the SuperNode's Runtime API, file of its secret) of the node in `place`."""
    node = next(one for one in place.processes() if "flower-supernode" in " ".join(one.cmdline()))
    port = node.cmdline()[node.cmdline().index("--port") + 1]
    [secret] = {path for home in place.flower_homes for path in Path(home).glob("secret")}
    return f"127.0.0.1:{port}", secret


def test_it_comes_in_keeps_its_partition_and_its_tasks_and_ends_with_all_that_it_has_started(
    place, flower, stage
):
    address = flower.superlink("--insecure")
    node = place.start(*NODE, address, **SHELL)
    node.wait_for(IS_IN)
    assert_only_loopback(open_ports(place.processes()))
    runtime, secret = secrets_of(place)
    stranger = stage.run(*SUPEREXEC, runtime, "--insecure", cwd=place.directory)
    assert stranger.status == 2 and "refuses this SuperExec" in stranger.stderr
    assert secret.stat().st_size == 32 and secret.parent.stat().st_mode & 0o777 == 0o700
    friend = runtime_client(runtime, secret=secret.read_bytes())
    question = AcquireTaskRequest(supported_task_types=[TaskType.CLIENT_APP])
    assert not friend.AcquireTask(question).token
    taken = pytest.raises(BlockingIOError)
    with taken, locked(place.directory / "partitions/.client_0.npz.lock", BlockingIOError()):
        pytest.fail("another node may have its partition")
    stop(node)
    place.assert_nothing_is_left()


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("part", "program"),
    [("SuperNode", "flower-supernode"), ("SuperExec", "beyond.deployment.superexec")],
)
def test_it_ends_with_a_line_when_one_of_its_two_has_ended(place, flower, part, program):
    node = place.start(*NODE, flower.superlink("--insecure"))
    node.wait_for(IS_IN)
    next(one for one in place.processes() if program in " ".join(one.cmdline())).kill()
    assert f"the {part} with partition 0 has ended: " in node.complaint(status=1)
    place.assert_nothing_is_left()


@pytest.mark.thorough
def test_it_says_that_it_waits_and_comes_in_when_superlink_is_there(place, flower):
    address = free_address()
    node = place.start(*NODE, address)
    node.wait_for(f"^SuperLink at {address} has not answered yet; trying on$")
    flower.superlink("--insecure", port=int(address.rpartition(":")[2]))
    node.wait_for(IS_IN)
    stop(node)


@pytest.mark.thorough
def test_it_says_in_one_line_who_does_not_answer(place):
    line = place.start(*NODE, "127.0.0.1:9", "--max-retries", 1).complaint()
    assert line.startswith("beyond.deployment.node: SuperLink at 127.0.0.1:9: ")


@pytest.fixture
def unknown_version(tmp_path):
    """A directory with something that says Flower were of version 9.9.9."""
    information = tmp_path / "versions/flwr-9.9.9.dist-info"
    information.mkdir(parents=True)
    content = "Metadata-Version: 2.1\nName: flwr\nVersion: 9.9.9\n"
    (information / "METADATA").write_text(content, encoding="utf-8")
    return information.parent


def test_with_an_unknown_version_flowers_own_runs_and_ends_with_ours(place, unknown_version):
    path = os.pathsep.join([str(unknown_version), str(ROOT)])
    command = place.start(*SUPEREXEC, free_address(), "--insecure", PYTHONPATH=path)
    line = command.wait_for("^.*runs instead.*$")[0]
    assert "Flower 9.9.9 is none that this SuperExec knows (1.41.0, 1.42.0)" in line
    wait_until(lambda: "flower-superexec" in place.names(), "flower-superexec runs")
    stop(command)
    wait_until(lambda: not place.processes(), "it has ended, too")


def test_with_an_unknown_version_and_nothing_to_fall_back_to_one_line_says_so(
    unknown_version, monkeypatch, refuses_here
):
    monkeypatch.syspath_prepend(unknown_version)
    assert "9.9.9" in refuses_here(*NO_FALLBACK)
    monkeypatch.setattr("beyond.deployment.superexec.find_stock", lambda: None)
    line = refuses_here(*NO_FALLBACK[:-1])
    assert line.endswith("and flower-superexec is not here either; install flwr==1.42.0")


def test_where_nothing_can_fork_one_line_says_so(monkeypatch, capsys, refuses_here):
    monkeypatch.setattr("multiprocessing.get_all_start_methods", lambda: ["spawn"])
    assert not can_run(SimpleNamespace(no_fallback=False))
    line = capsys.readouterr().out
    assert "forks, which this system cannot: flower-superexec runs instead" in line
    assert "forks, which" in refuses_here(*NO_FALLBACK)


def test_whom_it_cannot_trust_it_does_not_ask_again(tmp_path, stage):
    """A SuperLink has the same API as a SuperNode, and TLS."""
    with tls_server(make_certificates(tmp_path / "certificates")) as address:  # for one client
        trust = ("--root-certificates", certifi.where())
        done = stage.run(*SUPEREXEC, address, *trust, cwd=tmp_path)
    assert done.status == 2
    assert f"{address} is not to be trusted" in done.stderr.splitlines()[-1]


def test_who_is_not_there_yet_is_told_once(tmp_path, stage):
    words = ["--insecure", "--poll", 0.01]
    command = stage.start(*SUPEREXEC, free_address(), *words, cwd=tmp_path, **SHELL)
    command.wait_for("^.* has no tasks: .*refused")
    stop(command)
    assert command.output.count("has no tasks") == 1
