"""federation.py with secure aggregation, and a server that tries to read one client's update all the same.

    python -m beyond.mask_limits.federation --single-out 3 --run results/single
    ... --trusting                             # clients that refuse nothing, as Flower's

Every round is another attack. It runs in Flower's simulation, as beyond.secure_aggregation.federation does.
"""

from beyond.mask_limits.targeted import ATTACKS
from beyond.secure_aggregation.app import components
from beyond.secure_aggregation.shares import shares_options
from beyond.simulation import federation as simulation
from support.argument_types import natural_int
from support.command_line import Options, UserError, parse_options, run_command
from support.options import partition_options, run_server_options

TARGETED = "beyond.mask_limits.targeted"


def target_options():
    """Return the options that say whose update the server is after, and what clients refuse."""
    parser = Options(check_target)
    add = parser.add_argument
    add(
        "--single-out",
        type=natural_int,
        metavar="K",
        default=3,
        help="the server tries to read client K's update",
    )
    add("--trusting", action="store_true", help="clients that refuse nothing")
    return parser


def check_target(args):
    """Raise UserError if there is no such client; there are as many rounds as attacks."""
    if args.single_out >= args.clients:
        raise UserError(
            f"there is no client {args.single_out} to --single-out of {args.clients}; lower it"
        )
    args.rounds = len(ATTACKS)


def parse(arguments=None):
    """Return the options; raise UserError if they do not go together."""
    parents = [*run_server_options(), partition_options(), shares_options(), target_options()]
    args = parse_options(arguments, parents)
    args.chapter = "lesson"
    return args


def variant(args):
    """Return what makes the app the one that `args` ask for; see bundle.unpack_app."""
    names = {"serverapp": f"{TARGETED}:server_app", "single-out": args.single_out}
    names |= {"clientapp": f"{TARGETED}:trusting_app"} if args.trusting else {}
    return components(args.shares, **names)


def main(arguments=None):
    """Run the command line described above."""
    args = parse(arguments)
    simulation.run(args, **variant(args))


if __name__ == "__main__":
    run_command(main)
