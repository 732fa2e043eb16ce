"""Command-line options that several of our commands share, so that each means the same everywhere.

Each function returns a parent for argparse: OneLineParser("server.py", __doc__, parents=[common_options()]).
"""

import argparse

from support.command_line import UserError, address, natural_int, positive_int, positive_seconds
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
    add("--resume", action="store_true", help="go on from the last finished round of --run")
    add(
        "--parallel-clients",
        type=positive_int,
        default=available_cores(),
        help="how many clients train at once: one per core, where all of them run on one machine",
    )
    return parser


def fault_options():
    """Return the options that say what the server puts up with, and whom it trusts."""
    parser = argparse.ArgumentParser(add_help=False)
    add = parser.add_argument
    add(
        "--min-clients",
        type=positive_int,
        help="go on while so many are there (default: half of --clients)",
    )
    add(
        "--patience",
        type=positive_seconds,
        help="seconds after which --min-clients are enough to begin (default: wait for all --clients)",
    )
    add(
        "--round-timeout",
        type=positive_seconds,
        default=60,
        help="seconds a client has for one answer",
    )
    add(
        "--max-examples-per-client",
        type=positive_int,
        default=60_000,
        help="more than that is a lie",
    )
    add(
        "--certificates",
        metavar="DIR",
        help="use TLS, with the certificates in DIR (make certificates)",
    )
    add("--insecure", action="store_true", help="listen beyond this machine without TLS")
    return parser


def client_options():
    """Return the client's options."""
    parser = argparse.ArgumentParser(add_help=False)
    add = parser.add_argument
    add("--partition-id", type=natural_int, required=True, help="whose data this client owns")
    add("--server", type=address, default="127.0.0.1:8080", help="HOST:PORT of the server")
    add(
        "--max-wait",
        type=positive_seconds,
        default=120,
        help="seconds to wait for a server that is away",
    )
    add("--certificates", metavar="DIR", help="use TLS, and trust only what DIR/ca.pem has signed")
    return parser


def names_in(*parents):
    """Return the names of the options in `parents`, as they stand in a parsed namespace."""
    return [name for parent in parents for name in vars(parent.parse_args([]))]


def enough_clients(args):
    """Return how many clients a round needs: --min-clients, or half of --clients, rounded up.

    Raises UserError if that is more than there are.
    """
    if args.min_clients is None:
        return (args.clients + 1) // 2
    if args.min_clients > args.clients:
        raise UserError(
            f"--min-clients {args.min_clients} is more than --clients {args.clients}; lower it"
        )
    return args.min_clients
