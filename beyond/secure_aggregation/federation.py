"""federation.py with secure aggregation: the server learns the sum of all updates, and holds no single one.

    python -m beyond.secure_aggregation.federation --run results/secagg     # as the lesson, by SecAgg+
    ... --shares 5 --run results/five          # masks are made with four others
    ... --drop-out 3 --run results/gone        # client 3 leaves in the middle of round 2
    ... --curious --run results/seen           # the server keeps what it holds of round 1

It runs in Flower's simulation, as beyond.simulation.federation does. This is no guarantee: the page
says what Flower 1.42's masks are made of.
"""

from beyond.secure_aggregation.app import components
from beyond.secure_aggregation.shares import shares_options
from beyond.simulation import federation as simulation
from support.argument_types import natural_int
from support.command_line import Options, UserError, parse_options, run_command
from support.options import partition_options, run_server_options


def shown_options():
    """Return the options of what the page shows: a client that leaves, and a server that is curious."""
    parser = Options(check_shown)
    add = parser.add_argument
    add(
        "--drop-out", type=natural_int, metavar="K", help="client K leaves in the middle of round 2"
    )
    add(
        "--curious",
        action="store_true",
        help="keep what the server holds of round 1 in RUN/held.npz",
    )
    return parser


def check_shown(args):
    """Raise UserError if the options do not go together."""
    if args.drop_out is None:
        return
    if args.drop_out >= args.clients:
        raise UserError(f"--drop-out: the clients are 0 to {args.clients - 1}; choose one of them")
    if args.curious:
        raise UserError("--drop-out and --curious are shown one by one; leave one out")


def parse(arguments=None):
    """Return the options; raise UserError if they do not go together."""
    parents = [*run_server_options(), partition_options(), shares_options(), shown_options()]
    args = parse_options(arguments, parents)
    args.chapter = "lesson"
    return args


def variant(args):
    """Return what makes the app the one that `args` ask for; see bundle.unpack_app."""
    if args.drop_out is not None:
        more = {
            "clientapp": "beyond.secure_aggregation.dropout:client_app",
            "drop-out": args.drop_out,
        }
        return components(args.shares, **more)
    if args.curious:
        return components(args.shares, serverapp="beyond.secure_aggregation.curious:server_app")
    return components(args.shares)


def main(arguments=None):
    """Run the command line described above."""
    args = parse(arguments)
    simulation.run(args, **variant(args))


if __name__ == "__main__":
    run_command(main)
