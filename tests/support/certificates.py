"""Certificates for the tests, made by Python's cryptography."""

import datetime
import ipaddress

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
