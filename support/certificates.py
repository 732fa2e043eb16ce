"""TLS: the certificates that server and clients show and check.

A directory of certificates holds ca.pem, which everybody has, and server.pem and server.key, which only
the server has. `make certificates` makes one for this machine.
"""

from support.command_line import UserError

import socket
import ssl
from pathlib import Path


def server_certificates(directory):
    """Return (CA, server certificate, server key) as bytes, as start_server takes them; None for None.

    Raises UserError if a file is missing or damaged, or if the key does not belong to the certificate.
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
    return contents


def root_certificate(directory):
    """Return the CA's certificate as bytes, as start_client takes it; None for None."""
    if directory is None:
        return None
    path = Path(directory, "ca.pem")
    content = _read(path)
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=content.decode())
    except (ssl.SSLError, ValueError):
        raise UserError(f"{path} is not a certificate; make it with make certificates") from None
    return content


def check_trust(address, root):
    """Raise UserError if the server at `address` does not prove itself with a certificate from `root`."""
    host, _, port = address.rpartition(":")
    try:
        context = ssl.create_default_context(cadata=root.decode())
        with socket.create_connection((host.strip("[]"), int(port)), timeout=5) as connection:
            context.wrap_socket(connection, server_hostname=host.strip("[]")).close()
    except (ssl.SSLError, UnicodeDecodeError) as error:
        reason = getattr(error, "verify_message", None) or getattr(error, "reason", None) or error
        raise UserError(
            f"the server at {address} is not to be trusted ({reason}); {_advice_on(str(reason))}"
        ) from None
    except OSError:
        return  # it is not there (any more): waiting is another's business


def _advice_on(reason):
    """Return what to do when a certificate is not accepted for `reason`, in OpenSSL's words."""
    if "expired" in reason or "not yet valid" in reason:
        return "check the clocks, or make a new certificate with make certificates"
    if "mismatch" in reason or "doesn't match" in reason:
        return "make certificates HOSTS=,IP:ADDRESS or HOSTS=,DNS:NAME makes one for other hosts"
    return "check that --certificates names the directory that its certificate comes from"


def _read(path):
    try:
        return path.read_bytes()
    except OSError as error:
        raise UserError(
            f"cannot read {path}: {error.strerror}; make it with make certificates"
        ) from None
