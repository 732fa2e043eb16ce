"""What argparse may accept: numbers within bounds, paths and addresses, each as the `type` of an option."""

import argparse
import ipaddress
import math
import os

LARGEST_INT = 2**31 - 1  # fits wherever such a number travels
LONGEST_WAIT = 1e6  # seconds: eleven days


def _number(wanted, is_right, kind=float):
    """Return the type of numbers for which `is_right` is true; `wanted` says in words which they are."""

    def parse(text):
        try:
            number = kind(text)
        except ValueError:
            number = math.nan
        if not is_right(number):
            raise argparse.ArgumentTypeError(f"{text!r} is not {wanted}")
        return number

    return parse


def _whole_number(minimum):
    wanted = f"a whole number from {minimum} to {LARGEST_INT}"
    return _number(wanted, lambda number: minimum <= number <= LARGEST_INT, int)


positive_int = _whole_number(1)
natural_int = _whole_number(0)
positive_float = _number("a number above 0", lambda number: 0 < number < math.inf)
positive_seconds = _number(
    f"a number of seconds above 0, at most {LONGEST_WAIT:.0f}",
    lambda number: 0 < number <= LONGEST_WAIT,
)
fraction = _number("above 0 and at most 1", lambda number: 0 < number <= 1)
decay = _number("from 0 to below 1", lambda number: 0 <= number < 1)
percentage = _number("a percentage from 0 to below 100", lambda number: 0 <= number < 100)
path = os.path.expanduser


def address(text):
    """Return `text` if it is HOST:PORT, such as 127.0.0.1:8080 or [::1]:8080."""
    host, _, port = text.rpartition(":")
    if not host or "://" in text or not port.isascii() or not port.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is not HOST:PORT, such as 127.0.0.1:8080")
    if not _is_host(host):
        raise argparse.ArgumentTypeError(f"{text!r} is not HOST:PORT; IPv6 is written [::1]:8080")
    if not 1 <= int(port) <= 65535:
        raise argparse.ArgumentTypeError(f"port {port} is not between 1 and 65535")
    return text


def _is_host(host):
    """Return whether `host` is a name, an IPv4 address, or an IPv6 address in brackets."""
    if not host.startswith("["):
        return not set(host) & set(":[] /")
    try:
        ipaddress.IPv6Address(host.removeprefix("[").removesuffix("]"))
    except ValueError:
        return False
    return host.endswith("]")


def host_and_port(text):
    """Return the host, without brackets, and the port, a number, of an address such as [::1]:8080."""
    host, _, port = text.rpartition(":")
    return host.strip("[]"), int(port)
