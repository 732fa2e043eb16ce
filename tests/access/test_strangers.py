"""Who comes in, who does not, and what a stranger can do, with Flower's own commands."""

import os
import shutil

import pytest

from tests.support.marked import Place
from tests.support.open_ports import assert_only_loopback, open_ports

NGINX = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")


@pytest.fixture(scope="module")
def place(tmp_path_factory, mnist):
    """A directory with certificates."""
    place = Place(tmp_path_factory.mktemp("strangers"), mnist, sizes=[1])
    yield place
    place.close()


def answers(output):
    """Return {what stands left: what stands right} of a table whose first column is 34 wide."""
    return {line[:34].strip(): line[34:].strip() for line in output.splitlines()}


def test_only_a_registered_key_over_the_right_tls_comes_in(place):
    command = place.start("-m", "beyond.access.refusals", "--certificates", "certificates")
    command.wait_for("^a registered key")
    assert "flower-superlink" in place.names()
    assert_only_loopback(open_ports(place.processes()))
    assert command.wait() == 0
    told = answers(command.output)
    assert told["a registered key"] == "comes in", command.output
    assert "code: 2004" in told["a key that nobody has registered"]
    assert "code: 2001" in told["no key"]
    assert "CERTIFICATE_VERIFY_FAILED" in told["trust in other CAs"]
    assert "isconnected" in told["no TLS"] or "reset" in told["no TLS"]
    place.assert_nothing_is_left()


@pytest.mark.thorough
@pytest.mark.skipif(not NGINX, reason="nginx is missing")
def test_the_hole_is_there_and_the_proxy_closes_it(place):
    command = place.start("-m", "beyond.access.stranger", "--certificates", "certificates")
    command.wait_for("^ *registers a key")
    assert "flower-superlink" in place.names()
    assert_only_loopback(open_ports(place.processes()))
    assert command.wait() == 0
    open_port, proxied = command.output.split("A stranger at the proxy's port")
    assert "403" not in open_port
    for deed in ("its node may come in", "runs code as", "it is the ServerApp now"):
        assert deed in open_port, command.output
    assert proxied.count("403 Forbidden") == 3, command.output
    place.assert_nothing_is_left()
