"""What argparse may accept: numbers within bounds, and addresses."""

import argparse
import ipaddress
import math
import os

LARGEST_INT = 2**31 - 1  # fits wherever such a number travels
LONGEST_WAIT = 1e6  # seconds: eleven days


def positive_int(text):
    """argparse type: a whole number from 1 up."""
    return _whole_number(text, minimum=1)


def natural_int(text):
    """argparse type: a whole number from 0 up."""
    return _whole_number(text, minimum=0)


def positive_float(text):
    """argparse type: a finite number above 0."""
    return _number(text, "a number above 0", lambda number: 0 < number < math.inf)


def positive_seconds(text):
    """argparse type: a number of seconds above 0, and not beyond reason."""
    wanted = f"a number of seconds from 0 to {LONGEST_WAIT:.0f}"
    return _number(text, wanted, lambda number: 0 < number <= LONGEST_WAIT)


def fraction(text):
    """argparse type: a number above 0, and 1 at most."""
    return _number(text, "above 0 and at most 1", lambda number: 0 < number <= 1)


def decay(text):
    """argparse type: a number from 0 to below 1, such as a momentum."""
    return _number(text, "from 0 to below 1", lambda number: 0 <= number < 1)


def path(text):
    """argparse type: the name of a file or directory; ~ is the home directory, wherever it stands."""
    return os.path.expanduser(text)


def percentage(text):
    """argparse type: a number from 0 to below 100."""
    return _number(text, "a percentage from 0 to below 100", lambda number: 0 <= number < 100)


def _number(text, wanted, is_right):
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not is_right(number):
        raise argparse.ArgumentTypeError(f"{text!r} is not {wanted}")
    return number


def address(text):
    """argparse type: HOST:PORT, such as 127.0.0.1:8080 or [::1]:8080."""
    host, _, port = text.rpartition(":")
    if not host or "://" in text or not port.isascii() or not port.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is not HOST:PORT, such as 127.0.0.1:8080")
    if not _is_host(host):
        raise argparse.ArgumentTypeError(f"{text!r} is not HOST:PORT; IPv6 is written [::1]:8080")
    if not 1 <= int(port) <= 65535:
        raise argparse.ArgumentTypeError(f"port {port} is not between 1 and 65535")
    return text


def host_and_port(text):
    """Return the host, without brackets, and the port, a number, of an address such as [::1]:8080."""
    host, _, port = text.rpartition(":")
    return host.strip("[]"), int(port)


def _is_host(host):
    """Return whether `host` is a name, an IPv4 address, or an IPv6 address in brackets."""
    if not host.startswith("["):
        return not set(host) & set(":[] /")
    try:
        ipaddress.IPv6Address(host.removeprefix("[").removesuffix("]"))
    except ValueError:
        return False
    return host.endswith("]")


def _whole_number(text, minimum):
    try:
        number = int(text)
    except ValueError:
        number = minimum - 1
    if not minimum <= number <= LARGEST_INT:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a whole number from {minimum} to {LARGEST_INT}"
        )
    return number
