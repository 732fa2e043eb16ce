"""federation.py whose clients each protect every single image: the whole federation in one command.

python -m beyond.example_privacy.federation --target-epsilon 8 --rounds 40 --local-steps 4 \\
    --batch-size 256 --learning-rate 4 --run results/images
"""

import federation
from beyond.example_privacy.options import example_privacy_options
from beyond.example_privacy.server import local_step_options
from support.command_line import run_command

PROGRAMS = ("beyond.example_privacy.server", "beyond.example_privacy.client")


def main(arguments=None):
    """Run the command line described above."""
    of_clients = [example_privacy_options()]
    options = [local_step_options()]
    federation.main(arguments, PROGRAMS, options, more_client_options=of_clients)


if __name__ == "__main__":
    run_command(main)
