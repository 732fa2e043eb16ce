"""What the commands that attack updates have in common: a seed, and a directory for pictures and tables."""

from support.argument_types import natural_int
from support.command_line import OneLineParser


def attack_parser(prog, description, seed):
    """Return the OneLineParser of an attack's command; `seed` says in --help what its --seed is for."""
    parser = OneLineParser(prog, description)
    add = parser.add_argument
    add("--seed", type=natural_int, default=0, help=seed)
    add("--output", default="results/privacy", help="directory for the picture and the tables")
    return parser
