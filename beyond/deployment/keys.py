"""Keys by which SuperLink knows SuperNodes: P-384, in OpenSSH's format, as ssh-keygen makes them."""

import os
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from support.command_line import UserError


def make_key(folder, name):
    """Write a new key pair, readable by this account only; return the paths of private and public key.

    The same as: ssh-keygen -t ecdsa -b 384 -N "" -f FOLDER/NAME
    """
    folder.mkdir(mode=0o700, exist_ok=True)
    key = ec.generate_private_key(ec.SECP384R1())
    private, public = Path(folder, name), Path(folder, f"{name}.pub")
    form = serialization.PrivateFormat.OpenSSH
    secret = key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
    with open(os.open(private, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
        file.write(secret)
    form = serialization.PublicFormat.OpenSSH
    public.write_bytes(key.public_key().public_bytes(serialization.Encoding.OpenSSH, form))
    return private, public


def check_key(path):
    """Raise UserError if the file `path` holds no private key that a SuperNode can use."""
    try:
        key = serialization.load_ssh_private_key(Path(path).read_bytes(), password=None)
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}") from None
    except (ValueError, TypeError, UnsupportedAlgorithm):  # TypeError: it has a password
        key = None
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise UserError(
            f"{path} is no private key for a SuperNode; "
            f'make one with ssh-keygen -t ecdsa -b 384 -N "" -f FILE'
        )
