"""federation.py with this chapter's server and clients: python -m beyond.toy.federation --decay 0.5"""

from support.command_line import run_command

from beyond.toy.options import toy_options

import federation

PROGRAMS = ("beyond.toy.server", "beyond.toy.client")


def main(arguments=None):
    """Run federation.py's command line with other programs and their options."""
    federation.main(arguments, PROGRAMS, [toy_options()])


if __name__ == "__main__":
    run_command(main)
