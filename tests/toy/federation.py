"""federation.py with this chapter's server and clients: python -m beyond.toy.federation --decay 0.5"""

import federation
from beyond.toy.options import toy_options
from support.command_line import run_command

PROGRAMS = ("beyond.toy.server", "beyond.toy.client")


def main(arguments=None):
    """Run federation.py's command line with other programs and their options."""
    federation.main(arguments, PROGRAMS, [toy_options()])


if __name__ == "__main__":
    run_command(main)
