"""Certificates for the tests, made by Python's cryptography; and a proxy that keeps what passes."""

import contextlib
import datetime
import ipaddress
import socket
import threading

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

LOOPBACK = [x509.IPAddress(ipaddress.ip_address("127.0.0.1")), x509.DNSName("localhost")]
DAY = datetime.timedelta(days=1)


def named(name):
    """Return an X.509 name."""
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def certificate(name, key, issuer, issuer_key, until, *extensions):
    """Return a certificate for `key`, signed with `issuer_key`, valid for a month `until` that day."""
    builder = x509.CertificateBuilder().subject_name(named(name)).issuer_name(named(issuer))
    builder = builder.public_key(key.public_key()).serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(until - 30 * DAY).not_valid_after(until)
    for extension in extensions:
        builder = builder.add_extension(extension, critical=False)
    return builder.sign(issuer_key, hashes.SHA256())


def make_certificates(
    directory, hosts=LOOPBACK, valid_for=20 * DAY, ca_valid_for=20 * DAY, password=None
):
    """Write ca.pem, server.pem and server.key of a new authority to `directory`; return it."""
    now = datetime.datetime.now(datetime.UTC)
    ca_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    is_ca = x509.BasicConstraints(ca=True, path_length=None)
    ca = certificate("test CA", ca_key, "test CA", ca_key, now + ca_valid_for, is_ca)
    names = x509.SubjectAlternativeName(hosts)
    server = certificate("test server", key, "test CA", ca_key, now + valid_for, names)
    encryption = serialization.NoEncryption()
    if password:
        encryption = serialization.BestAvailableEncryption(password)
    pem = serialization.Encoding.PEM
    directory.mkdir(parents=True)
    (directory / "ca.pem").write_bytes(ca.public_bytes(pem))
    (directory / "server.pem").write_bytes(server.public_bytes(pem))
    (directory / "server.key").write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, encryption)
    )
    return directory


class Wiretap:
    """A TCP proxy to `address` that keeps all bytes that pass: `from_client` and `from_server`."""

    def __init__(self, address):
        self.target = (address.split(":")[0], int(address.split(":")[1]))
        self.from_client, self.from_server = bytearray(), bytearray()
        self._sockets = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        for one in [self._listener, *self._sockets]:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        for thread in list(self._threads):
            thread.join()

    def _accept(self):
        with contextlib.suppress(OSError):  # that is how it is closed
            while True:
                client = self._listener.accept()[0]
                self._sockets.append(client)
                server = socket.create_connection(self.target)
                self._sockets.append(server)
                self._start(client, server, self.from_client)
                self._start(server, client, self.from_server)

    def _start(self, source, sink, record):
        thread = threading.Thread(target=self._pass_on, args=(source, sink, record))
        self._threads.append(thread)
        thread.start()

    def _pass_on(self, source, sink, record):
        with contextlib.suppress(OSError):
            while content := source.recv(65536):
                record += content
                sink.sendall(content)
        self._end(sink)

    def _end(self, sink):
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_WR)


def tls_records(content):
    """Yield (kind, length) of the TLS records in what one side has sent; kind 23 is application data."""
    place = 0
    while place + 5 <= len(content):
        length = int.from_bytes(content[place + 3 : place + 5])
        yield content[place], length
        place += 5 + length
