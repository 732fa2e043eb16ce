"""With certificates nobody listens in or talks to the wrong server; without them no server listens far."""

import shutil
import ssl

import pytest
from cryptography import x509

from support.certificates import check_trust, root_certificate, server_certificates
from support.command_line import UserError
from support.listening import check_listening
from tests.support.certificates import DAY, make_certificates, tls_server
from tests.support.harness import ROOT
from tests.support.ports import free_address
from tests.support.wires import Wire, tls_records

APPLICATION_DATA = 23


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


def run_through_a_wire(federation, *certificates):
    """Run two rounds in which client 1 talks through a proxy; return the Wire."""
    server = federation.waiting_server(*certificates)
    with Wire(federation.address) as wire:
        clients = [federation.client(number, *certificates) for number in (0, 2)]
        clients.append(federation.client(1, *certificates, server=wire.address))
        for one in (server, *clients):
            one.finish()
    assert federation.counts() == [(0, 0, 0), (1, 3, 0), (2, 3, 0)]
    return wire


def test_only_with_certificates_nothing_can_be_read_on_the_wire_and_the_result_is_the_same(
    federation, make_federation, tmp_path, certificates
):
    plain = make_federation(tmp_path / "plain")
    wire = run_through_a_wire(plain)  # what shows that this can fail
    for content in (wire.from_client, wire.from_server):
        assert content.count(b"\x93NUMPY") == 2 * 8
    assert b"local_epochs" in wire.from_server
    wire = run_through_a_wire(federation, *words(certificates))
    for content in (wire.from_client, wire.from_server):
        assert b"NUMPY" not in content and b"local_epochs" not in content
        assert application_data(content) > 300_000
    assert federation.model() == plain.model()


def application_data(content):
    """Return how many bytes of TLS's application data are in what one side has sent."""
    return sum(length for kind, length in tls_records(content) if kind == APPLICATION_DATA)


def refusal(client):
    """Check that a client ends with status 2 and one line; return the line."""
    line = client.complaint()
    assert client.stderr == f"{line}\n" and line.startswith("client.py: ")
    return line


def test_strangers_are_refused_send_nothing_and_do_not_disturb_a_run(
    federation, certificates, others
):
    early = federation.client(1, *words(others), "--max-wait", 10)
    early.wait_for("^Waiting up to 10 s")
    server = federation.waiting_server(*words(certificates))
    with Wire(federation.address) as wire:
        late = federation.client(1, *words(others), server=wire.address)
        plain = federation.client(1, "--max-wait", 1)
        for client in (early, late, plain):
            client.may_fail = True
        for client in (early, late):
            assert "not to be trusted" in (line := refusal(client)) and "--certificates" in line
    assert "--certificates" in refusal(plain)
    assert application_data(wire.from_client) < 200  # an alert, which TLS 1.3 encrypts
    assert not server.found("joined")
    federation.finish(server, *words(certificates))
    assert federation.counts() == [(0, 0, 0), (1, 3, 0), (2, 3, 0)]
    assert "Traceback" not in server.stderr


@pytest.mark.parametrize("is_plain", [True, False], ids=["without TLS", "for another host"])
def test_a_client_with_certificates_talks_to_no_other_server(
    federation, certificates, tmp_path, is_plain
):
    if not is_plain:
        wrong = [x509.DNSName("example.org")]
        certificates = make_certificates(tmp_path / "wrong", hosts=wrong)
    server = federation.waiting_server(*([] if is_plain else words(certificates)))
    assert "not to be trusted" in refusal(federation.client(1, *words(certificates)))
    assert not server.ended and not server.found("joined")


# Certificates that are damaged, or not valid today

DATES = {"has expired": -DAY, "is not valid before": 60 * DAY}


@pytest.mark.parametrize("fault, valid_for", DATES.items(), ids=DATES)
def test_a_certificate_that_is_not_valid_today_is_refused_by_the_side_that_has_it(
    tmp_path, fault, valid_for
):
    directory = make_certificates(tmp_path / "server", valid_for=valid_for)
    with pytest.raises(UserError, match=f"server.pem {fault}.*; check the clocks, or make a new"):
        server_certificates(directory)
    authority = make_certificates(tmp_path / "authority", ca_valid_for=valid_for)
    for read in (server_certificates, root_certificate):
        with pytest.raises(UserError, match=f"ca.pem {fault}"):
            read(authority)


def test_one_valid_authority_of_several_is_enough(tmp_path, certificates):
    old = make_certificates(tmp_path / "old", ca_valid_for=-DAY) / "ca.pem"
    old.write_bytes(old.read_bytes() + (certificates / "ca.pem").read_bytes())
    assert root_certificate(old.parent)


def test_a_servers_own_certificate_has_to_be_valid_whoever_has_signed_it(tmp_path, certificates):
    old = make_certificates(tmp_path / "old", valid_for=-DAY)
    server = old / "server.pem"
    server.write_bytes(server.read_bytes() + (certificates / "ca.pem").read_bytes())
    with pytest.raises(UserError, match="server.pem has expired"):
        server_certificates(old)


@pytest.mark.parametrize("valid_for", DATES.values(), ids=DATES)
def test_a_client_says_what_is_wrong_with_the_dates_of_a_server(tmp_path, valid_for):
    directory = make_certificates(tmp_path / "wrong", valid_for=valid_for)
    refused = pytest.raises(UserError, match="not to be trusted .*check the clocks")
    with tls_server(directory) as address, refused:
        check_trust(address, (directory / "ca.pem").read_bytes())


def test_a_client_asks_no_more_of_a_certificate_than_grpc_does(tmp_path, monkeypatch):
    directory = make_certificates(tmp_path / "loose", is_strict=False)
    make_context = ssl.create_default_context

    def as_since_python_3_13(**options):
        strict = make_context(**options)
        strict.verify_flags |= ssl.VERIFY_X509_STRICT
        return strict

    monkeypatch.setattr(ssl, "create_default_context", as_since_python_3_13)
    with tls_server(directory) as address:
        check_trust(address, (directory / "ca.pem").read_bytes())


@pytest.mark.parametrize("name", ["ca.pem", "server.pem", "server.key"])
@pytest.mark.parametrize("content", [None, b"", b"no certificate\n"], ids=str)
def test_a_damaged_certificate_is_named(certificates, tmp_path, name, content):
    directory = shutil.copytree(certificates, tmp_path / "damaged")
    (directory / name).unlink()
    if content is not None:
        (directory / name).write_bytes(content)
    for read in (server_certificates, *([root_certificate] if name == "ca.pem" else [])):
        with pytest.raises(UserError, match=name):
            read(directory)


@pytest.mark.parametrize("fault", ["another's", "locked"])
def test_a_key_that_does_not_fit_or_asks_for_a_password_is_refused_without_a_question(
    certificates, others, tmp_path, fault
):
    directory = make_certificates(tmp_path / "locked", password=b"secret")
    if fault == "another's":
        directory = shutil.copytree(certificates, tmp_path / "mixed")
        shutil.copy(others / "server.key", directory)
    with pytest.raises(UserError, match="server.key"):
        server_certificates(directory)


# Listening beyond this machine


@pytest.mark.parametrize("tls", [True, False], ids=["with certificates", "with --insecure"])
def test_a_server_listens_far_if_it_may(federation, certificates, tls):
    far = federation.address.replace("127.0.0.1", "0.0.0.0")
    how, clients = (words(certificates),) * 2 if tls else (["--insecure"], [])
    federation.finish(federation.server("--address", far, *how, rounds=1), *clients)
    assert federation.counts() == [(0, 0, 0), (1, 3, 0)]


HERE = ["127.0.0.1", "127.1.2.3", "[::1]", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]", "LocalHost"]
ELSEWHERE = ["0.0.0.0", "[::]", "::", "10.1.2.3", "[fe80::1]", "[::ffff:10.1.2.3]"]
ELSEWHERE += ["example.org", "localhost.example.org", "127.example.org"]


@pytest.mark.parametrize("host", HERE)
def test_loopback_needs_no_tls(host):
    check_listening(f"{host}:8080", certificates=None, insecure=False)


@pytest.mark.parametrize("host", ELSEWHERE)
def test_everything_else_does(host):
    with pytest.raises(UserError, match=r"--certificates DIR \(or --insecure"):
        check_listening(f"{host}:8080", certificates=None, insecure=False)
    check_listening(f"{host}:8080", certificates=None, insecure=True)
    check_listening(f"{host}:8080", certificates="certificates", insecure=False)


def test_the_whole_federation_runs_with_certificates(federation, start_warm, certificates):
    line = ["--clients", 3, "--rounds", 1, "--address", free_address(), *words(certificates)]
    command = start_warm([ROOT / "federation.py", *line], federation.directory)
    command.finish()
    assert "SSL is enabled" in command.output
