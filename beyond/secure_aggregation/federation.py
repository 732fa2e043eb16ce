"""federation.py with secure aggregation: the server learns the sum of all updates, and holds no single one.

    python -m beyond.secure_aggregation.federation --run results/secagg     # as the lesson, by SecAgg+
    ... --shares 5 --run results/five          # masks are made with four others
    ... --drop-out 3 --run results/gone        # client 3 leaves in the middle of round 2
    ... --curious --run results/seen           # the server keeps what it holds of round 1
    ... --single-out 3 --run results/single    # the server tries to read one client's update

It runs in Flower's simulation, as beyond.simulation.federation does. This is no guarantee: the page
says what Flower 1.41's masks are made of.
"""

from support.argument_types import natural_int, positive_int
from support.command_line import Options, UserError, parse_options, run_command
from support.options import partition_options, run_server_options

from beyond.secure_aggregation.app import components
from beyond.secure_aggregation.shares import MOST, check_shares
from beyond.secure_aggregation.targeted import ATTACKS
from beyond.simulation import federation as simulation

TARGETED = "beyond.secure_aggregation.targeted"


def secagg_options():
    """Return the options of secure aggregation; their check fills in how many shares there are."""
    parser = Options(check_secagg)
    add = parser.add_argument
    add(
        "--shares",
        type=positive_int,
        metavar="N",
        help=f"into how many shares a client splits its keys (default: --clients, at most {MOST})",
    )
    add(
        "--drop-out", type=natural_int, metavar="K", help="client K leaves in the middle of round 2"
    )
    add(
        "--curious",
        action="store_true",
        help="keep what the server holds of round 1 in RUN/held.npz",
    )
    add(
        "--single-out",
        type=natural_int,
        metavar="K",
        help=f"the server tries to read client K's update, in {len(ATTACKS)} rounds of one attack each",
    )
    add("--trusting", action="store_true", help="with --single-out: clients that refuse nothing")
    return parser


def check_secagg(args):
    """Raise UserError if the options do not go together."""
    check_shares(args)
    chosen = {"--drop-out": args.drop_out, "--single-out": args.single_out}
    for option, number in chosen.items():
        if number is not None and number >= args.clients:
            raise UserError(f"there is no client {number} to {option} of {args.clients}")
    shown = [option for option, number in chosen.items() if number is not None]
    shown += ["--curious"] if args.curious else []
    if len(shown) > 1:
        raise UserError(f"{' and '.join(shown)} are shown one by one; leave one out")
    if args.trusting and args.single_out is None:
        raise UserError("--trusting goes with --single-out; leave it out")
    if args.single_out is not None:
        args.rounds = len(ATTACKS)


def parse(arguments=None):
    """Return the options; raise UserError if they do not go together."""
    parents = [*run_server_options(), partition_options(), secagg_options()]
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
    if args.single_out is not None:
        more = {"serverapp": f"{TARGETED}:server_app", "single-out": args.single_out}
        more |= {"clientapp": f"{TARGETED}:trusting_app"} if args.trusting else {}
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
