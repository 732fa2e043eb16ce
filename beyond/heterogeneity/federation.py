"""federation.py with this chapter's server and clients: the whole federation in one command.

python -m beyond.heterogeneity.federation --strategy FedAvgM --scheme shards --run results/momentum
python -m beyond.heterogeneity.federation --fraction-fit 0.2 --client-evaluation --run results/few
"""

import federation
from beyond.heterogeneity.options import heterogeneity_options
from support.command_line import run_command

PROGRAMS = ("beyond.heterogeneity.server", "beyond.heterogeneity.client")


def main(arguments=None, programs=PROGRAMS, more_options=(), make_model=None):
    """Run the command line described above."""
    federation.main(arguments, programs, [heterogeneity_options(), *more_options], make_model)


if __name__ == "__main__":
    run_command(main)
