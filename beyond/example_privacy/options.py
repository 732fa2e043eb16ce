"""What a client with example-level privacy adds to its command line; none of it comes from the server."""

from beyond.differential_privacy.accountant import load
from beyond.differential_privacy.options import probability
from support.argument_types import natural_int, path, positive_float
from support.command_line import Options


def example_privacy_options():
    """Return the options of a client, a parent for argparse."""
    # What is not installed is better missed now than in round 1.
    parser = Options(lambda args: load())
    add = parser.add_argument
    add(
        "--target-epsilon",
        type=positive_float,
        required=True,
        metavar="E",
        help="what all training on an image may cost it (add or remove one image)",
    )
    add(
        "--delta",
        type=probability,
        default=1e-5,
        metavar="D",
        help="epsilon holds but for this probability",
    )
    add(
        "--clip",
        type=positive_float,
        default=0.5,
        metavar="C",
        help="largest L2 length of one image's gradient",
    )
    add("--accounts", type=path, default="results/accounts", help="directory of what was spent")
    add(
        "--noise-seed",
        type=natural_int,
        help="repeatable noise, for tests only: there is no guarantee then",
    )
    return parser
