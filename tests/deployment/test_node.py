"""One node by one command: it comes in, or says in one line why not."""

import signal
import subprocess

import pytest

from beyond.deployment.node import arrival
from beyond.deployment.services import start_supernode
from beyond.simulation.private_flower import PrivateFlower
from tests.support.marked import Place
from tests.support.open_ports import assert_only_loopback, open_ports
from tests.support.ports import free_address
from tests.support.shell import SHELL

pytestmark = pytest.mark.thorough
NODE = ("-m", "beyond.deployment.node", "--partition-id", 0, "--superlink")


@pytest.fixture
def place(tmp_path, mnist):
    """A directory with one partition."""
    place = Place(tmp_path, mnist, sizes=[20])
    yield place
    place.close()


def test_it_comes_in_keeps_its_partition_and_ends_with_all_that_it_has_started(place):
    with PrivateFlower(place.directory / "logs") as flower:
        address = flower.superlink("--insecure")
        node = place.start(*NODE, address, "--insecure", **SHELL)
        node.wait_for("^SuperNode .* is in, with partition 0$")
        assert "flower-supernode" in place.names()
        assert_only_loopback(open_ports(place.processes()))
        other = place.run(*NODE, address, "--insecure")
        assert "another node has partition 0" in other.complaint()
        node.send(signal.SIGTERM)
        assert node.wait() == 143
        place.assert_nothing_is_left()


@pytest.mark.parametrize("part", ["SuperNode", "SuperExec"])
def test_it_ends_with_a_line_when_one_of_its_two_has_ended(place, part):
    with PrivateFlower(place.directory / "logs") as flower:
        node = place.start(*NODE, flower.superlink("--insecure"), "--insecure")
        node.wait_for("^SuperNode .* is in, with partition 0$")
        name = "flower-supernode" if part == "SuperNode" else "beyond.deployment.superexec"
        child = next(one for one in place.processes() if name in " ".join(one.cmdline()))
        child.kill()
        assert node.wait() == 1
        assert f"the {part} with partition 0 has ended: " in node.output.splitlines()[-1]
        place.assert_nothing_is_left()


def test_it_says_that_it_waits_and_comes_in_when_superlink_is_there(place):
    port = int(free_address().rpartition(":")[2])
    node = place.start(*NODE, f"127.0.0.1:{port}", "--insecure")
    node.wait_for(f"^SuperLink at 127.0.0.1:{port} has not answered yet; trying on$")
    with PrivateFlower(place.directory / "logs") as flower:
        flower.superlink("--insecure", port=port)
        node.wait_for("^SuperNode .* is in, with partition 0$")
        node.send(signal.SIGTERM)
        assert node.wait() == 143


def test_it_says_in_one_line_who_does_not_answer(place):
    words = (*NODE, "127.0.0.1:9", "--insecure", "--max-retries", 1)
    node = place.run(*words)
    assert node.wait() == 2
    assert node.output.splitlines()[-1].startswith(
        "beyond.deployment.node: SuperLink at 127.0.0.1:9: "
    )


def test_with_a_secret_only_a_superexec_that_has_it_is_given_tasks(place):
    secret = place.directory / "secret"
    secret.write_bytes(b"0123456789abcdef0123456789abcdef")
    with PrivateFlower(place.directory / "logs") as flower:
        reach = ["--superlink", flower.superlink("--insecure"), "--insecure"]
        port = int(free_address().rpartition(":")[2])
        words = [*reach, "--superexec-auth-secret-file", secret]
        arrival(flower, start_supernode(flower, "node", port, *words), "node")
        superexec = ["-m", "beyond.deployment.superexec", "--insecure", "--runtime-api-address"]
        superexec += [f"127.0.0.1:{port}"]
        assert "refuses this SuperExec" in place.run(*superexec).output
        known = place.start(*superexec, "--superexec-auth-secret-file", secret)
        known.wait_for("is ready for 1")
        with pytest.raises(subprocess.TimeoutExpired):
            known.wait(3)  # it is not turned away
