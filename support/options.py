"""Command-line options that several of our commands share, so that each means the same everywhere.

Each function returns a parent for parse_options, or a list of them.
"""

from support.argument_types import (
    address,
    natural_int,
    path,
    positive_float,
    positive_int,
    positive_seconds,
)
from support.certificates import server_certificates
from support.command_line import Options, UserError
from support.listening import check_listening, check_port_is_free
from support.machine import available_cores
from support.mnist import SCHEMES
from support.processes import start_methods
from support.run_settings import check_unlocked


def common_options():
    """Return what partition.py, server.py and federation.py have in common."""
    parser = Options()
    add = parser.add_argument
    add("--clients", type=positive_int, default=10, help="how many clients there are")
    add("--seed", type=natural_int, default=0, help="the same seed, the same result")
    return parser


def partition_options():
    """Return the options that say how the data is split."""
    parser = Options(check_scheme)
    add = parser.add_argument
    add("--scheme", choices=SCHEMES, default="iid", help="how the images are dealt out")
    add("--alpha", type=positive_float, help="with dirichlet: small is skewed (default: 0.5)")
    return parser


def run_options():
    """Return the options that say how the server runs; they may change when a run is resumed."""
    parser = Options(lambda args: check_unlocked(args.run))
    add = parser.add_argument
    add("--rounds", type=positive_int, default=10, help="how many rounds to run")
    add("--run", type=path, default="results/fedavg", help="directory for the record of this run")
    add("--resume", action="store_true", help="go on from the last finished round of --run")
    add(
        "--parallel-clients",
        type=positive_int,
        default=available_cores(),
        help="how many clients train at once: one per core, where all of them run on one machine",
    )
    return parser


def listening_options():
    """Return the options of a server that listens itself; they may change when a run is resumed."""
    parser = Options(check_listener)
    add = parser.add_argument
    add("--address", type=address, default="127.0.0.1:8080", help="HOST:PORT to listen on")
    add(
        "--certificates",
        metavar="DIR",
        help="use TLS, with the certificates in DIR (make certificates)",
    )
    add("--insecure", action="store_true", help="listen beyond this machine without TLS")
    return parser


def training_options():
    """Return the options that say how a client trains: E, B and the learning rate of FedAvg."""
    parser = Options()
    add = parser.add_argument
    add(
        "--local-epochs",
        type=positive_int,
        default=1,
        help="passes over its data, per client and round",
    )
    add("--batch-size", type=positive_int, default=32, help="images in one step of local training")
    add("--learning-rate", type=positive_float, default=0.05, help="of the clients' SGD")
    return parser


def fault_options():
    """Return the options that say which faults of clients the server tolerates."""
    parser = Options(fill_in_min_clients)
    add = parser.add_argument
    add(
        "--min-clients",
        type=positive_int,
        help="go on while so many are there (default: half of --clients)",
    )
    add(
        "--patience",
        type=positive_seconds,
        help="seconds after which --min-clients are enough to begin (default: wait for all --clients; with "
        "federation.py or --resume: 30)",
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
    return parser


def run_server_options():
    """Return the options of whatever runs the rounds, wherever it listens."""
    return [common_options(), run_options(), training_options(), fault_options()]


def server_options():
    """Return all parents of server.py's options."""
    return [*run_server_options(), listening_options()]


def starting_options():
    """Return the option of a command that starts processes: how it does so."""
    parser = Options()
    parser.add_argument(
        "--start",
        choices=start_methods(),
        default=start_methods()[0],
        help="forkserver: imports once, and forks; spawn: each process imports for itself",
    )
    return parser


def client_options():
    """Return the client's options."""
    parser = Options()
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


def check_scheme(args):
    """Raise UserError if --alpha is given to a scheme that has none."""
    if args.alpha is not None and args.scheme != "dirichlet":
        raise UserError(
            f"--alpha goes with --scheme dirichlet, not with {args.scheme}; leave it out"
        )


def check_listener(args):
    """Raise UserError if a server with `args` could not listen, before anything else is done."""
    server_certificates(args.certificates)
    check_listening(args.address, args.certificates, args.insecure)
    check_port_is_free(args.address)


def fill_in_min_clients(args):
    """Let --min-clients be half of --clients, rounded up, unless it is given.

    Raises UserError if that is more than there are.
    """
    if args.min_clients is None:
        args.min_clients = (args.clients + 1) // 2
    if args.min_clients > args.clients:
        raise UserError(
            f"--min-clients {args.min_clients} is more than --clients {args.clients}; lower it"
        )
