"""Command-line options that several of our commands share, so that each means the same everywhere.

Each function returns a parent for argparse: OneLineParser("server.py", __doc__, parents=[common_options()]).
"""

import argparse

from support.command_line import (
    UserError,
    address,
    decay,
    fraction,
    natural_int,
    positive_float,
    positive_int,
    positive_seconds,
)
from support.machine import available_cores
from support.strategies import STRATEGIES

SCHEMES = ("iid", "dirichlet", "shards")


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
    add = parser.add_argument
    add("--scheme", choices=SCHEMES, default="iid", help="how the images are dealt out")
    add("--alpha", type=positive_float, help="with dirichlet: small is skewed (default: 0.5)")
    return parser


def server_options():
    """Return the options that say how the server runs."""
    parser = argparse.ArgumentParser(add_help=False)
    add = parser.add_argument
    add("--rounds", type=positive_int, default=10, help="how many rounds to run")
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


def local_training_options():
    """Return the options that say how a client trains: E, B, the learning rate, and on what."""
    parser = argparse.ArgumentParser(add_help=False)
    add = parser.add_argument
    add(
        "--local-epochs",
        type=positive_int,
        default=1,
        help="passes over its data, per client and round",
    )
    add("--batch-size", type=positive_int, default=32, help="images in one step of local training")
    add("--learning-rate", type=positive_float, default=0.05, help="of the clients' SGD")
    add(
        "--client-evaluation",
        action="store_true",
        help="clients test on a tenth they do not train on",
    )
    return parser


def training_options():
    """Return the options of the field's standard experiment: E, B, the learning rate, C, the strategy."""
    parser = argparse.ArgumentParser(add_help=False, parents=[local_training_options()])
    add = parser.add_argument
    add(
        "--fraction-fit",
        type=fraction,
        default=1.0,
        help="which part of the clients trains in a round",
    )
    add("--strategy", choices=STRATEGIES, default="FedAvg", help="how updates become one model")
    add("--proximal-mu", type=positive_float, help="FedProx: how strongly clients are held back")
    add("--server-learning-rate", type=positive_float, help="FedAvgM, FedAdam, FedYogi")
    add("--server-momentum", type=decay, help="FedAvgM")
    add("--beta-1", type=decay, help="FedAdam, FedYogi: memory of the direction")
    add("--beta-2", type=decay, help="FedAdam, FedYogi: memory of the size")
    add("--tau", type=positive_float, help="FedAdam, FedYogi: the larger, the less adaptive")
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
