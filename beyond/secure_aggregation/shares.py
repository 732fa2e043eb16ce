"""What all sides of a secure round have to agree on: shares, how many of them open a secret, and integers."""

from flwr.common.secure_aggregation.secaggplus_constants import Key

from support.argument_types import positive_int
from support.command_line import Options, UserError

FEWEST = 5  # shares: with three, a mask is made of two keys of 28 bits, and can be searched for
MOST = (
    11  # shares, unless --shares says how many: what a share costs grows faster than what it gives
)
MOST_CLIENTS = 1024  # 32 bits hold the sum of so many integers of 22 bits
# Weights from -8 to 8 become integers of 22 bits, their sums have 32.
CLIPPING, INTEGERS, MODULUS = 8.0, 2**22, 2**32
STEP = 2 * CLIPPING / INTEGERS  # what a weight is rounded to


def shares_options():
    """Return the option that says how many shares there are; its check fills in the default."""
    parser = Options(check_shares)
    parser.add_argument(
        "--shares",
        type=positive_int,
        metavar="N",
        help=f"into how many shares a client splits its keys (default: --clients, at most {MOST})",
    )
    return parser


def check_shares(args):
    """Fill in --shares. Raise UserError if so many clients or shares hide nothing, or cannot be summed."""
    if not FEWEST <= args.clients <= MOST_CLIENTS:
        raise UserError(
            f"secure aggregation is for {FEWEST} to {MOST_CLIENTS:,} clients; change --clients {args.clients}"
        )
    args.shares = args.shares or min(args.clients, MOST)
    if args.shares < FEWEST:
        raise UserError(
            f"--shares {args.shares} leaves masks that can be searched for; give {FEWEST} or more"
        )
    if args.shares > args.clients:
        raise UserError(f"--shares {args.shares} is more than --clients {args.clients}; lower it")
    if args.shares % 2 == 0 and args.shares != args.clients:
        raise UserError(f"--shares {args.shares} is even; give {args.shares + 1}, or all clients")


def threshold(shares):
    """Return how many shares open a secret, which is how many of a group have to stay until the end.

    More than half, or a server that lies could open both secrets of a client: half of the holders would be
    told that it has left and open its key, the others that it is there and open its own mask. (No client
    tells both: see careful_client.py.) And so many that those who stay have keys with at least three others.
    """
    return max(shares // 2 + 1, FEWEST - 1)


def fewest_members(needed):
    """Return how small a group may be, itself counted, where `needed` shares open a secret."""
    return max(FEWEST, needed)


def protocol(shares, most_examples):
    """Return the settings of a round with so many shares, by the names that they have in messages."""
    return {
        Key.SHARE_NUMBER: shares,
        Key.THRESHOLD: threshold(shares),
        Key.CLIPPING_RANGE: CLIPPING,
        Key.TARGET_RANGE: INTEGERS,
        Key.MOD_RANGE: MODULUS,
        Key.MAX_WEIGHT: float(most_examples),
    }
