"""What the toy chapter adds to the server's command line."""

from support.argument_types import fraction
from support.command_line import Options


def toy_options():
    """Return the chapter's own options, a parent for argparse."""
    parser = Options()
    parser.add_argument("--decay", type=fraction, default=1.0, help="of the learning rate, a round")
    return parser
