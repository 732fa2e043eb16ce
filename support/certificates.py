"""TLS: the certificates that server and clients show and check.

A directory of certificates holds ca.pem, which server and clients have, and server.pem and server.key, which
only the server has. `make certificates` makes one for this machine.
"""

import datetime
import socket
import ssl
from pathlib import Path

from cryptography import x509

from support.argument_types import host_and_port
from support.command_line import UserError

ADVICE_ON_DATES = "check the clocks, or make a new certificate with make certificates"


def server_certificates(directory):
    """Return (CA, server certificate, server key) as bytes, as start_server takes them; None for None.

    Raises UserError if a file is missing or damaged, if a certificate is not valid today, or if the key does
    not belong to it.
    """
    if directory is None:
        return None
    paths = [Path(directory, name) for name in ("ca.pem", "server.pem", "server.key")]
    contents = (root_certificate(directory), _read(paths[1]), _read(paths[2]))
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(
            paths[1], paths[2], password=lambda: b"-"
        )
    except ssl.SSLError as error:  # also for a key with a password: OpenSSL is not to ask for it
        raise UserError(
            f"{paths[1]} and {paths[2]} do not fit: {error.reason}; make them again"
        ) from None
    _check_dates(paths[1], contents[1], count=1)  # the others say who has signed it
    return contents


def root_certificate(directory):
    """Return the CA's certificate as bytes, as start_client takes it; None for None."""
    return None if directory is None else read_root(Path(directory, "ca.pem"))


def read_root(path):
    """Return the CA's certificate in the file `path` as bytes; raise UserError if it is not valid."""
    content = _read(path)
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=content.decode())
    except (ssl.SSLError, ValueError):
        raise UserError(f"{path} is not a certificate; make it with make certificates") from None
    _check_dates(path, content)
    return content


def _check_dates(path, content, count=None):
    """Raise UserError if none of the first `count` certificates in the file `path` is valid today.

    OpenSSL would not tell: a server shows an expired certificate, and clients that refuse it only wait.
    """
    try:
        certificates = x509.load_pem_x509_certificates(content)[:count]
    except ValueError:
        return  # OpenSSL has taken it, and is less strict
    now = datetime.datetime.now(datetime.UTC)
    if any(one.not_valid_before_utc <= now <= one.not_valid_after_utc for one in certificates):
        return
    first, last = certificates[0].not_valid_before_utc, certificates[0].not_valid_after_utc
    fault = f"is not valid before {first:%Y-%m-%d %H:%M} UTC"
    if now > last:
        fault = f"has expired, on {last:%Y-%m-%d}"
    raise UserError(f"{path} {fault}; {ADVICE_ON_DATES}")


def check_trust(address, root):
    """Raise UserError if the server at `address` does not prove itself with a certificate from `root`."""
    host, port = host_and_port(address)
    try:
        context = ssl.create_default_context(cadata=root.decode())
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT  # Python 3.13 sets it, gRPC does not
        with socket.create_connection((host, port), timeout=5) as connection:
            context.wrap_socket(connection, server_hostname=host).close()
    except (ssl.SSLError, UnicodeDecodeError) as error:
        reason = getattr(error, "verify_message", None) or getattr(error, "reason", None) or error
        raise UserError(
            f"the server at {address} is not to be trusted ({reason}); {_advice_on(str(reason))}"
        ) from None
    except OSError:
        return  # it is not there (any more): wait_for_server goes on waiting


def _advice_on(reason):
    """Return what to do when a certificate is not accepted for `reason`, in OpenSSL's words."""
    if "expired" in reason or "not yet valid" in reason:
        return ADVICE_ON_DATES
    if "mismatch" in reason or "doesn't match" in reason:
        return "make certificates HOSTS=,IP:ADDRESS or HOSTS=,DNS:NAME makes one for other hosts"
    return "check that --certificates names the directory that its certificate comes from"


def _read(path):
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise UserError(
            f"cannot read {path}: {error.strerror}; make it with make certificates"
        ) from None
