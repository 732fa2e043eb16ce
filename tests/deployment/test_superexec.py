"""The SuperExec and Flower's version: known, unknown, and nothing to fall back to."""

import os
import signal

import certifi
import pytest

from beyond.deployment.services import secure_words
from beyond.simulation.private_flower import PrivateFlower
from tests.support.harness import ROOT, wait_until
from tests.support.marked import Place
from tests.support.ports import free_address
from tests.support.shell import SHELL

SUPEREXEC = ("-m", "beyond.deployment.superexec", "--insecure", "--runtime-api-address")


@pytest.fixture
def place(tmp_path, mnist):
    """A directory, and in versions/ something that says Flower were of version 9.9.9."""
    information = tmp_path / "versions/flwr-9.9.9.dist-info"
    information.mkdir(parents=True)
    content = "Metadata-Version: 2.1\nName: flwr\nVersion: 9.9.9\n"
    (information / "METADATA").write_text(content)
    place = Place(tmp_path, mnist, sizes=[1])
    yield place
    place.close()


def unknown_version(place):
    """Return the change to an environment that makes Flower's version an unknown one."""
    return {"PYTHONPATH": os.pathsep.join([str(place.directory / "versions"), str(ROOT)])}


def test_with_an_unknown_version_flowers_own_runs_and_ends_with_ours(place):
    command = place.start(*SUPEREXEC, free_address(), **unknown_version(place))
    line = command.wait_for("^.*runs instead.*$")[0]
    assert "Flower 9.9.9 is none that this SuperExec knows (1.41.0)" in line
    wait_until(lambda: "flower-superexec" in place.names(), "flower-superexec runs")
    command.send(signal.SIGTERM)
    assert command.wait() == 143
    wait_until(lambda: not place.processes(), "it has ended, too")


def test_with_an_unknown_version_and_no_fallback_one_line_says_so(place):
    words = (*SUPEREXEC, free_address(), "--no-fallback")
    assert "9.9.9" in place.run(*words, **unknown_version(place)).complaint()


def test_whom_it_cannot_trust_it_does_not_ask_again(place):
    """A SuperLink has the same API as a SuperNode, and TLS."""
    trust = ("--root-certificates", certifi.where())
    with PrivateFlower(place.directory / "logs") as flower:
        folder = place.directory / "certificates"
        address = flower.superlink(*secure_words(folder), root=folder / "ca.pem")
        command = place.run(*SUPEREXEC[:2], *trust, SUPEREXEC[-1], address)
    assert command.wait() == 2
    assert f"{address} is not to be trusted" in command.output.splitlines()[-1]


def test_who_is_not_there_yet_is_told_once(place):
    command = place.start(*SUPEREXEC, free_address(), **SHELL)
    command.wait_for("^.* has no tasks: .*refused")
    command.send(signal.SIGTERM)
    command.wait()
    assert command.output.count("has no tasks") == 1


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--superexec-auth-secret-file", "nowhere"], "cannot read nowhere: No such file"),
        (["--runtime-api-address", "nowhere"], "is not HOST:PORT"),
        (["--root-certificates", "certificates/ca.pem"], "not allowed with argument --insecure"),
    ],
)
def test_what_it_cannot_use_it_refuses_in_one_line(place, words, complaint):
    assert complaint in place.run(*SUPEREXEC, free_address(), *words).complaint()
