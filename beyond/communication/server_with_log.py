"""heterogeneity's server, printing into a file: compare.py runs many, and has the terminal for itself."""

from support.processes import print_into

import argparse
from pathlib import Path

from beyond.heterogeneity import server


def main(arguments=None):
    """Run the server; what it prints goes to logs/server.log in the directory of its run, which is there."""
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("--run")
    args, _ = parser.parse_known_args(arguments)
    print_into(Path(args.run, "logs/server.log"))
    server.main(arguments)
