"""What the commands that attack updates have in common: a seed, and a directory for pictures and tables."""

from support.argument_types import natural_int
from support.command_line import Options


def attack_options(seed):
    """Return Options with --seed and --output; `seed` says in --help what the seed is for."""
    options = Options()
    add = options.add_argument
    add("--seed", type=natural_int, default=0, help=seed)
    add("--output", default="results/privacy", help="directory for the picture and the tables")
    return options
