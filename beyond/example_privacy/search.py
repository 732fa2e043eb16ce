"""Try settings for measure.py, on training images that no client has, and never on test images.

    python -m beyond.example_privacy.search

Every trial becomes a line of recorded/search.csv; measure.py takes the best for each way of dealing out and
epsilon. Epsilon counts none of this: with people's images a search costs privacy as well, or needs public
images.
"""

from beyond.example_privacy.measure import SEARCH, measure_all
from beyond.example_privacy.training import Run
from support.command_line import parse_options, run_command

SEED = 1000  # none of those that measure.py measures with
# (rounds, local steps, batch size, learning rate, clip): what is tried.
TRIALS = {
    ("iid", 8.0): [
        (8, 20, 256, 0.5, 0.5),
        (8, 10, 512, 1.0, 0.5),
        (8, 20, 256, 1.0, 0.5),
        (8, 20, 256, 2.0, 0.5),
        (8, 20, 256, 4.0, 0.5),
        (40, 4, 256, 4.0, 0.5),
    ],
    ("iid", 2.0): [(8, 20, 256, 1.0, 0.5), (40, 4, 256, 2.0, 0.5)],
    ("shards", 8.0): [(8, 5, 1024, 1.0, 0.5), (40, 4, 256, 1.0, 0.5), (40, 4, 256, 2.0, 0.5)],
    ("shards", 2.0): [(40, 4, 256, 1.0, 0.5), (40, 4, 256, 2.0, 0.5)],
}


def trials():
    """Return all Runs that are to be tried."""
    return [Run(*where, SEED, *settings) for where, tried in TRIALS.items() for settings in tried]


def main(arguments=None):
    """Run the command line described above."""
    parse_options(arguments, [])
    measure_all(trials(), SEARCH, validation=True)
    print(f"Wrote {SEARCH}")


if __name__ == "__main__":
    run_command(main)
