"""A private federation with a small network: fixed features of edges and one linear layer.

python -m beyond.price.federation --scheme shards --clients 100 --clip 0.4 --target-epsilon 8 \\
    --rounds 40 --batch-size 60000 --learning-rate 25 --run results/edges

A batch that holds all images of a client makes one step a round.
"""

from beyond.differential_privacy import federation
from beyond.price.server import edge_options
from support.command_line import run_command

PROGRAMS = ("beyond.price.server", "beyond.price.client")


def main(arguments=None):
    """Run the command line described above."""
    federation.main(arguments, PROGRAMS, [edge_options()])


if __name__ == "__main__":
    run_command(main)
