"""Over TLS the wiretap has sizes and times, and says that it has nothing else."""

import asyncio
import datetime
import ipaddress
import socket
import ssl
import threading

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from beyond.wire.byte_ledger import keep_books
from beyond.wire.relay import DIRECTIONS, Relay
from beyond.wire.report import print_table
from tests.support.ports import free_address

SECRET = bytes(range(256)) * 1000


@pytest.fixture(scope="module")
def contexts(tmp_path_factory):
    """TLS contexts of a server on 127.0.0.1 and of a client that trusts it."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.datetime.now(datetime.UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    host = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name)
    builder = (
        builder.public_key(key.public_key()).serial_number(1).add_extension(host, critical=False)
    )
    builder = builder.not_valid_before(now - datetime.timedelta(days=1))
    certificate = builder.not_valid_after(now + datetime.timedelta(days=1)).sign(
        key, hashes.SHA256()
    )
    file = tmp_path_factory.mktemp("tls") / "both.pem"
    pem = serialization.Encoding.PEM
    private = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    file.write_bytes(key.private_bytes(pem, *private) + certificate.public_bytes(pem))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(file)
    return server, ssl.create_default_context(cadata=certificate.public_bytes(pem).decode())


def answer(listener, context):
    with listener:
        plain, _ = listener.accept()
    with context.wrap_socket(plain, server_side=True) as connection:
        got = 0
        while got < len(SECRET):
            got += len(connection.recv(65536))
        connection.sendall(SECRET)


def ask(address, context):
    plain = socket.create_connection(address)
    with context.wrap_socket(plain, server_hostname="127.0.0.1") as connection:
        connection.sendall(SECRET)
        while connection.recv(65536):
            pass


def test_over_tls_it_sees_sizes_and_times_only(contexts, capsys):
    listener = socket.create_server(("127.0.0.1", 0))
    relay = Relay(free_address(), f"127.0.0.1:{listener.getsockname()[1]}")
    threads = [
        threading.Thread(target=answer, args=(listener, contexts[0])),
        threading.Thread(target=ask, args=(relay.listen, contexts[1])),
    ]
    threads[0].start()
    asyncio.run(relay.run(threads[1].start))
    for thread in threads:
        thread.join()
    books = keep_books(relay.connections)
    assert books.contents == [] and books.bytes == {}
    assert all(
        len(SECRET) < books.encrypted[direction] < 1.1 * len(SECRET) for direction in DIRECTIONS
    )
    print_table(books, relay.connections)
    printed = capsys.readouterr().out
    assert printed.count("only sizes and times") == 2 and "unexplained 0" in printed
