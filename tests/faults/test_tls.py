"""With certificates nobody listens in or talks to the wrong server; without them no server listens far."""

from support.certificates import check_trust, root_certificate, server_certificates
from support.command_line import UserError
from support.listening import check_listening

import shutil
import socket
import ssl
import stat
import subprocess
import threading

import pytest
from cryptography import x509

from tests.support.certificates import DAY, Wiretap, make_certificates, tls_records
from tests.support.harness import ROOT
from tests.support.ports import free_address

APPLICATION_DATA = 23
SECONDS = 60  # within which a mistake is noticed; a client would wait for twice as long


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    """A directory with certificates for a server on this machine."""
    return make_certificates(tmp_path_factory.mktemp("tls") / "certificates")


@pytest.fixture(scope="module")
def others(tmp_path_factory):
    """A directory with certificates of another authority."""
    return make_certificates(tmp_path_factory.mktemp("tls") / "others")


def words(directory):
    """Return the words that turn TLS on."""
    return ["--certificates", directory]


def run_through_a_wiretap(federation, certificates):
    """Run two rounds in which client 1 talks through a proxy; return the proxy."""
    server = federation.server(*certificates)
    server.wait_for("^Waiting for clients")
    with Wiretap(federation.address) as wiretap:
        clients = [federation.client(number, *certificates) for number in (0, 2)]
        clients.append(federation.client(1, *certificates, server=wiretap.address))
        assert server.wait() == 0
        assert [client.wait() for client in clients] == [0, 0, 0]
    assert federation.counts() == [(0, 0, 0), (1, 3, 0), (2, 3, 0)]
    return wiretap


def test_without_certificates_weights_can_be_read_on_the_wire(federation):
    """What shows that the next test can fail."""
    wiretap = run_through_a_wiretap(federation, [])
    assert (
        wiretap.from_client.count(b"\x93NUMPY") == wiretap.from_server.count(b"\x93NUMPY") == 2 * 8
    )
    assert b"local_epochs" in wiretap.from_server


def test_with_certificates_nothing_can_be_read_on_the_wire(federation, certificates):
    wiretap = run_through_a_wiretap(federation, words(certificates))
    for content in (wiretap.from_client, wiretap.from_server):
        assert b"NUMPY" not in content and b"local_epochs" not in content
        assert (
            sum(length for kind, length in tls_records(content) if kind == APPLICATION_DATA)
            > 300_000
        )


def test_tls_changes_nothing_in_the_result(federation, make_federation, tmp_path, certificates):
    other = make_federation(tmp_path / "plain")
    for one, more in ((federation, words(certificates)), (other, [])):
        server = one.server(*more)
        for number in range(3):
            one.client(number, *more)
        server.finish()
    assert federation.model() == other.model()


def refusal(client):
    """Check that a client ends with status 2 and one line; return the line."""
    assert client.wait(SECONDS) == 2
    (line,) = client.stderr.splitlines()
    assert line.startswith("client.py: ")
    assert not client.found("trained")
    return line


def assert_nobody_came(server):
    """Check that the server still waits, for everybody."""
    assert not server.ended
    assert not server.found("joined")
    assert "Traceback" not in server.stderr


def test_a_client_that_trusts_another_authority_says_so_and_sends_nothing(
    federation, certificates, others
):
    server = federation.server(*words(certificates))
    server.wait_for("^Waiting for clients")
    with Wiretap(federation.address) as wiretap:
        line = refusal(federation.client(1, *words(others), server=wiretap.address))
    assert "not to be trusted" in line and "--certificates" in line
    sent = [length for kind, length in tls_records(wiretap.from_client) if kind == APPLICATION_DATA]
    assert sum(sent) < 200  # an alert, which TLS 1.3 encrypts
    assert_nobody_came(server)


def test_a_server_for_another_host_is_not_trusted(federation, tmp_path):
    directory = make_certificates(tmp_path / "wrong", hosts=[x509.DNSName("example.org")])
    server = federation.server(*words(directory))
    server.wait_for("^Waiting for clients")
    assert "not to be trusted" in refusal(federation.client(1, *words(directory)))
    assert_nobody_came(server)


DATES = {"has expired": -DAY, "is not valid before": 60 * DAY}


@pytest.mark.parametrize("fault, valid_for", DATES.items(), ids=DATES)
def test_a_certificate_that_is_not_valid_today_is_refused_by_whoever_has_it(
    federation, tmp_path, fault, valid_for
):
    directory = make_certificates(tmp_path / "server", valid_for=valid_for)
    with pytest.raises(UserError, match=f"server.pem {fault}.*; check the clocks, or make a new"):
        server_certificates(directory)
    authority = make_certificates(tmp_path / "authority", ca_valid_for=valid_for)
    for read in (server_certificates, root_certificate):
        with pytest.raises(UserError, match=f"ca.pem {fault}"):
            read(authority)
    server = federation.server(*words(directory))
    assert server.wait(SECONDS) == 2 and f"server.pem {fault}" in server.stderr
    assert f"ca.pem {fault}" in refusal(federation.client(1, *words(authority)))


def test_one_valid_authority_of_several_is_enough(tmp_path, certificates):
    old = make_certificates(tmp_path / "old", ca_valid_for=-DAY)
    (old / "ca.pem").write_bytes(
        (old / "ca.pem").read_bytes() + (certificates / "ca.pem").read_bytes()
    )
    assert root_certificate(old)


@pytest.mark.parametrize("valid_for", DATES.values(), ids=DATES)
def test_a_client_says_what_is_wrong_with_the_dates_of_a_server(tmp_path, valid_for):
    directory = make_certificates(tmp_path / "wrong", valid_for=valid_for)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(directory / "server.pem", directory / "server.key")
    with socket.create_server(("127.0.0.1", 0)) as plain:
        listener = context.wrap_socket(plain, server_side=True, do_handshake_on_connect=True)
        answer = threading.Thread(target=accept_in_vain, args=[listener])
        answer.start()
        with pytest.raises(UserError, match="not to be trusted .*check the clocks"):
            check_trust(
                f"127.0.0.1:{listener.getsockname()[1]}", (directory / "ca.pem").read_bytes()
            )
        answer.join()
        listener.close()


def accept_in_vain(listener):
    """Take a connection, whose handshake fails."""
    with pytest.raises(OSError):
        listener.accept()


def test_a_client_that_came_before_an_untrusted_server_says_so_in_the_end(
    federation, certificates, others
):
    client = federation.client(1, *words(others), "--max-wait", 10)
    client.wait_for("^Waiting up to 10 s")
    server = federation.server(*words(certificates))
    assert "not to be trusted" in refusal(client)
    assert_nobody_came(server)


def test_a_client_without_certificates_is_told_that_it_may_need_some(federation, certificates):
    server = federation.server(*words(certificates))
    server.wait_for("^Waiting for clients")
    assert "--certificates" in refusal(federation.client(1, "--max-wait", 3))
    assert_nobody_came(server)


def test_a_client_with_certificates_does_not_talk_to_a_server_without(federation, certificates):
    server = federation.server()
    server.wait_for("^Waiting for clients")
    assert "not to be trusted" in refusal(federation.client(1, *words(certificates)))
    assert_nobody_came(server)


def test_strangers_do_not_disturb_a_run_with_certificates(federation, certificates, others):
    server = federation.server(*words(certificates))
    server.wait_for("^Waiting for clients")
    refusal(federation.client(1, *words(others)))
    federation.client(1, "--max-wait", 1).may_fail = True
    for number in range(3):
        federation.client(number, *words(certificates))
    server.finish()
    assert federation.counts() == [(0, 0, 0), (1, 3, 0), (2, 3, 0)]


def server_refuses(federation, *more):
    """Check that the server ends with status 2 and one line, and has written nothing; return the line."""
    server = federation.server(*more)
    assert server.wait(SECONDS) == 2
    (line,) = server.stderr.splitlines()
    assert line.startswith("server.py: ")
    assert not federation.run.exists()
    return line


@pytest.mark.parametrize("name", ["ca.pem", "server.pem", "server.key"])
@pytest.mark.parametrize(
    "content", [None, b"", b"no certificate\n"], ids=["missing", "empty", "garbage"]
)
def test_a_server_with_a_damaged_certificate_names_it(
    federation, certificates, tmp_path, name, content
):
    directory = shutil.copytree(certificates, tmp_path / "damaged")
    (directory / name).unlink()
    if content is not None:
        (directory / name).write_bytes(content)
    assert name in server_refuses(federation, *words(directory))


@pytest.mark.parametrize(
    "content", [None, b"", b"no certificate\n"], ids=["missing", "empty", "garbage"]
)
def test_a_client_with_a_damaged_certificate_names_it(federation, certificates, tmp_path, content):
    federation.server(*words(certificates)).wait_for("^Waiting for clients")
    directory = shutil.copytree(certificates, tmp_path / "damaged")
    (directory / "ca.pem").unlink()
    if content is not None:
        (directory / "ca.pem").write_bytes(content)
    assert "ca.pem" in refusal(federation.client(1, *words(directory)))


def test_a_key_that_does_not_fit_is_refused(federation, certificates, others, tmp_path):
    directory = shutil.copytree(certificates, tmp_path / "mixed")
    shutil.copy(others / "server.key", directory)
    assert "server.key" in server_refuses(federation, *words(directory))


def test_a_key_with_a_password_is_refused_without_a_question(federation, tmp_path):
    directory = make_certificates(tmp_path / "locked", password=b"secret")
    assert "server.key" in server_refuses(federation, *words(directory))


def test_a_server_does_not_listen_far_without_tls(federation):
    far = federation.address.replace("127.0.0.1", "0.0.0.0")
    line = server_refuses(federation, "--address", far)
    assert far in line and "--certificates" in line and "--insecure" in line


@pytest.mark.parametrize("tls", [True, False], ids=["with certificates", "with --insecure"])
def test_a_server_listens_far_if_it_may(federation, certificates, tls):
    far = federation.address.replace("127.0.0.1", "0.0.0.0")
    server = federation.server("--address", far, *(words(certificates) if tls else ["--insecure"]))
    for number in range(3):
        federation.client(number, *(words(certificates) if tls else []))
    server.finish()
    assert federation.counts() == [(0, 0, 0), (1, 3, 0), (2, 3, 0)]


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "localhost", "[::1]"])
def test_loopback_needs_no_tls(host):
    check_listening(f"{host}:8080", certificates=None, insecure=False)


@pytest.mark.parametrize(
    "host",
    ["0.0.0.0", "[::]", "::", "10.1.2.3", "[fe80::1]", "example.org", "localhost.example.org"],
)
def test_everything_else_does(host):
    with pytest.raises(UserError):
        check_listening(f"{host}:8080", certificates=None, insecure=False)
    check_listening(f"{host}:8080", certificates=None, insecure=True)
    check_listening(f"{host}:8080", certificates="certificates", insecure=False)


@pytest.mark.skipif(
    not shutil.which("openssl") or not shutil.which("make"), reason="needs openssl and make"
)
def test_make_certificates_makes_what_a_run_needs(federation):
    shutil.copy(ROOT / "Makefile", federation.directory)
    subprocess.run(
        ["make", "certificates"], cwd=federation.directory, check=True, capture_output=True
    )
    directory = federation.directory / "certificates"
    for name in ("ca.key", "server.key"):
        assert stat.S_IMODE((directory / name).stat().st_mode) & 0o077 == 0  # nobody else reads it
    server = federation.server("--certificates", "certificates")
    for number in range(3):
        federation.client(number, "--certificates", "certificates")
    server.finish()
    assert federation.counts() == [(0, 0, 0), (1, 3, 0), (2, 3, 0)]


def test_the_whole_federation_runs_with_certificates(federation, start_warm, certificates):
    options = ["--clients", 3, "--rounds", 1, "--run", "results/all", "--address", free_address()]
    command = start_warm(
        [ROOT / "federation.py", *options, *words(certificates)], federation.directory
    )
    assert command.wait() == 0, command.output
    assert "SSL is enabled" in command.output
