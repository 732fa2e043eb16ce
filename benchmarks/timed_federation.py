"""federation.py with clients that carry a clock; the options are federation.py's.

python -m benchmarks.timed_federation --rounds 3
"""

import federation
from support.command_line import run_command


def main(arguments=None):
    """Run federation.py's command line."""
    federation.main(arguments, programs=("server", "benchmarks.timed_client"))


if __name__ == "__main__":
    run_command(main)
