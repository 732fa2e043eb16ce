"""federation.py with differential privacy for clients: the whole federation in one command.

python -m beyond.differential_privacy.federation --clip 0.5 --target-epsilon 8 --run results/private
python -m beyond.differential_privacy.federation --clip 0.5 --noise-multiplier 1 --run results/private
"""

import federation
from beyond.differential_privacy.options import privacy_options
from support.command_line import run_command

PROGRAMS = ("beyond.differential_privacy.server", "beyond.differential_privacy.client")


def main(arguments=None, programs=PROGRAMS, more_options=(), make_model=None):
    """Run the command line described above."""
    federation.main(arguments, programs, [privacy_options(), *more_options], make_model)


if __name__ == "__main__":
    run_command(main)
