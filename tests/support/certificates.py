"""Certificates for the tests, made by Python's cryptography, and a server that shows one."""

import datetime
import inspect
import ipaddress
import socket
import ssl
import threading
from contextlib import contextmanager, suppress

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

LOOPBACK = [x509.IPAddress(ipaddress.ip_address("127.0.0.1")), x509.DNSName("localhost")]
DAY = datetime.timedelta(days=1)
KEY_USES = [*inspect.signature(x509.KeyUsage).parameters]
SIGNS_CERTIFICATES = x509.KeyUsage(**{use: use == "key_cert_sign" for use in KEY_USES})


def certificate(name, key, issuer, issuer_key, until, *extensions):
    """Return a certificate for `key`, signed with `issuer_key`, valid for a month `until` that day.

    Those of `extensions` that only authorities have are critical.
    """
    subject, signer = (
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, one)]) for one in (name, issuer)
    )
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(signer)
    builder = builder.public_key(key.public_key()).serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(until - 30 * DAY).not_valid_after(until)
    for extension in extensions:
        is_critical = isinstance(extension, (x509.BasicConstraints, x509.KeyUsage))
        builder = builder.add_extension(extension, is_critical)
    return builder.sign(issuer_key, hashes.SHA256())


def make_certificates(
    directory,
    hosts=LOOPBACK,
    valid_for=20 * DAY,
    ca_valid_for=20 * DAY,
    password=None,
    is_strict=True,
):
    """Write ca.pem, server.pem and server.key of a new authority to `directory`; return it.

    Unless `is_strict`, they lack what OpenSSL's X509_STRICT asks for, which Python sets since 3.13.
    """
    now = datetime.datetime.now(datetime.UTC)
    ca_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    signer = x509.SubjectKeyIdentifier.from_public_key(ca_key.public_key())
    signed_by = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(signer)
    is_ca = x509.BasicConstraints(ca=True, path_length=None)
    strict, strict_ca = ([signed_by], [signer, SIGNS_CERTIFICATES]) if is_strict else ([], [])
    ca = certificate("test CA", ca_key, "test CA", ca_key, now + ca_valid_for, is_ca, *strict_ca)
    names = x509.SubjectAlternativeName(hosts)
    server = certificate("test server", key, "test CA", ca_key, now + valid_for, names, *strict)
    cipher = serialization.NoEncryption()
    if password:
        cipher = serialization.BestAvailableEncryption(password)
    pem, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    directory.mkdir(parents=True)
    (directory / "ca.pem").write_bytes(ca.public_bytes(pem))
    (directory / "server.pem").write_bytes(server.public_bytes(pem))
    (directory / "server.key").write_bytes(key.private_bytes(pem, pkcs8, cipher))
    return directory


@contextmanager
def tls_server(directory):
    """Yield the address of a server that shows server.pem in `directory` to one client."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(directory / "server.pem", directory / "server.key")

    def answer():
        with suppress(OSError):  # the client hangs up
            listener.accept()[0].close()

    plain = socket.create_server(("127.0.0.1", 0))
    with context.wrap_socket(plain, server_side=True) as listener:
        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        yield f"127.0.0.1:{listener.getsockname()[1]}"
        thread.join()
