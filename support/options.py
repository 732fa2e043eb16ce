"""Command-line options that several of our commands share, so that each means the same everywhere.

Each function returns a parent for argparse: OneLineParser("server.py", __doc__, parents=[common_options()]).
"""

import argparse

from support.command_line import address, natural_int, positive_int
from support.machine import available_cores


def common_options():
    """Return what partition.py, server.py and federation.py have in common."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument(
        "--clients", type=positive_int, default=10, help="how many clients there are"
    )
    parser.add_argument(
        "--seed", type=natural_int, default=0, help="the same seed, the same result"
    )
    return parser


def partition_options():
    """Return the options that say how the data is split."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument(
        "--scheme", choices=["iid"], default="iid", help="how the images are dealt out"
    )
    return parser


def server_options():
    """Return the options that say how the server runs."""
    parser = argparse.ArgumentParser(add_help=False)
    add = parser.add_argument
    add("--rounds", type=positive_int, default=10, help="how many rounds to run")
    add(
        "--local-epochs",
        type=positive_int,
        default=1,
        help="passes over its data, per client and round",
    )
    add("--address", type=address, default="127.0.0.1:8080", help="HOST:PORT to listen on")
    add("--run", default="results/fedavg", help="directory for the record of this run")
    add(
        "--parallel-clients",
        type=positive_int,
        default=available_cores(),
        help="how many clients train at once: one per core, where all of them run on one machine",
    )
    return parser


def names_in(*parents):
    """Return the names of the options in `parents`, as they stand in a parsed namespace."""
    return [name for parent in parents for name in vars(parent.parse_args([]))]
