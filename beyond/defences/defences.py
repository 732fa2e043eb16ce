"""Which defence stops what: noise, sums, and what each leaves of pictures, labels and digits.

    python -m beyond.defences.defences     # some minutes -> results/privacy/defences.png, defences.csv

The accuracies beneath the strip are read from a CSV file (noise,accuracy) that
beyond.defences.train_with_noise makes.
"""

from pathlib import Path

import numpy as np
import torch

from beyond.attacks.command import attack_options
from beyond.attacks.training_images import CLIENTS, Training
from beyond.defences.defended_updates import SINGLES, Trial
from beyond.defences.plots import draw
from beyond.defences.train_with_noise import COLUMNS, NOISES
from support.argument_types import positive_int
from support.command_line import UserError, parse_options, run_command
from support.run_record import make_run_directory
from support.tables import read_table, write_table
from support.terminal import progress_bar

RECORDED = Path(__file__).with_name("recorded") / "noise_accuracy.csv"


def accuracies_in(path):
    """Return {noise: accuracy}. Raises UserError if the file `path` is not there, or not such a file."""
    if not Path(path).exists():
        raise UserError(
            f"there is no {path}; make it with python -m beyond.defences.train_with_noise"
        )
    rows = read_table(path, COLUMNS, "choose another --accuracies")
    return {row["noise"]: row["accuracy"] for row in rows}


def level_rows(levels):
    """Yield a row of the CSV file for every amount of noise: median and least of the images' ranks first."""
    for level in levels:
        ranks = [f"{np.median(level.ranks):g}", min(level.ranks)]
        yield [f"{level.noise:g}", *ranks, level.labels, level.digits, level.accuracy]


def sum_rows(result, digits):
    """Yield a row for every label in the sum, beside one read off it and a rank; all three in order."""
    for line in zip(result.labels, result.read, sorted(result.ranks), strict=True):
        yield [*line, digits]


def parse(arguments):
    """Return the options of the command line."""
    options = attack_options("of the fresh model and of the noise")
    add = options.add_argument
    add("--steps", type=positive_int, default=400, help="of every attack")
    add("--images", type=positive_int, help="at most so many a client in an epoch (default: all)")
    add("--accuracies", default=RECORDED, help="CSV file with what noise leaves of the accuracy")
    return parse_options(arguments, [options])


def main(arguments=None):
    """Run the command line described above."""
    args = parse(arguments)
    torch.set_num_threads(1)
    accuracies = accuracies_in(args.accuracies)
    output = make_run_directory(args.output, option="--output")
    trial = Trial(Training(), args.seed, args.images)
    levels = []
    with progress_bar() as bar:
        for noise in bar.track(NOISES, description="Levels of noise"):
            levels.append(trial.level(noise, args.steps, accuracies.get(noise)))
            print_level(levels[-1])
        ten = trial.sum_of_ten(2 * args.steps)
    print_sum(ten, digits := trial.digits_after_sum())
    header = ["noise", "median_rank", "least_rank", "labels", "digits", "accuracy"]
    write_table(output / "defences.csv", header, level_rows(levels))
    header = ["label", "label_read", "rank", "clients_whose_digits_were_read"]
    write_table(output / "sum.csv", header, sum_rows(ten, digits))
    draw(levels, ten, output / "defences.png")
    for name in ("defences.csv", "sum.csv", "defences.png"):
        print(f"Wrote {output}/{name}")


def print_level(level):
    """Print one line about a Level."""
    kept = "unknown" if level.accuracy is None else f"{level.accuracy:.1%}"
    ranks = ", ".join(f"{rank:,}" for rank in level.ranks)
    print(
        f"Noise {level.noise:g}: ranks {ranks}; labels {level.labels} of {CLIENTS * SINGLES}, "
        f"digits of {level.digits} of {CLIENTS} clients, accuracy {kept}"
    )


def print_sum(ten, digits):
    """Print what the sum tells."""
    right = sum(min(ten.labels.count(digit), ten.read.count(digit)) for digit in range(10))
    first = sum(rank == 1 for rank in ten.ranks)
    print(
        f"Sum of ten clients with one image each: {right} of 10 labels, rank 1 for {first} of 10 images; "
        "it does not tell whose each image is"
    )
    print(f"Sum of ten whole epochs: digits of {digits} of {CLIENTS} clients")


if __name__ == "__main__":
    run_command(main)
