"""Gradient inversion of real updates: original beside reconstruction, and what it is worth.

    python -m beyond.attacks.invert_update     # some minutes -> results/privacy/inversion.png, inversion.csv

The trained model is a run's: results/fedavg/global_model.npz, unless --model names another. What an attack is
given: the weights that were sent, the update, and the labels, which read_update reads off it.
"""

import numpy as np
import torch

from beyond.attacks.command import attack_options
from beyond.attacks.inversion_grid import attack, cases
from beyond.attacks.plots import draw
from beyond.attacks.similarity import Gallery
from beyond.attacks.training_images import Training, trained_weights
from beyond.attacks.updates import fresh_weights
from support.argument_types import positive_int
from support.command_line import UserError, parse_options, run_command
from support.run_record import make_run_directory
from support.tables import write_table
from support.terminal import progress_bar

COLUMNS = {"case": str, "image": int, "rank": int, "psnr": float, "update_length": float}


def summary(results):
    """Return one line about the results of a case."""
    first = sum(result.rank == 1 for result in results)
    decibels = np.median([result.psnr for result in results])
    return (
        f"{results[0].case}: rank 1 for {first} of {len(results)}, median PSNR {decibels:.1f} dB, "
        f"update {np.median([result.length for result in results]):.1e} long"
    )


def row_of(result):
    """Return the row of the CSV file about one image."""
    return [result.case, result.index, result.rank, f"{result.psnr:.2f}", f"{result.length:.3e}"]


def attack_all(grid, training, gallery, seed):
    """Attack case after case; print what came of each and return lists of Results, one a case."""
    everything = []
    with progress_bar() as bar:
        task = bar.add_task("", total=sum(len(case.groups) for case in grid))
        for case in grid:
            bar.update(task, description=case.name)
            everything.append([])
            for some in attack(case, training, gallery, seed):
                everything[-1] += some
                bar.advance(task)
            print(summary(everything[-1]))
    return everything


def parse(arguments):
    """Return the options of the command line."""
    options = attack_options("of the fresh model and the first guesses")
    add = options.add_argument
    add("--model", default="results/fedavg/global_model.npz", help="the trained model's weights")
    add("--steps", type=positive_int, help="of every attack (default: 400 to 800)")
    add("--only", type=positive_int, help="number of the one case to try (default: all)")
    return parse_options(arguments, [options])


def main(arguments=None):
    """Run the command line described above."""
    args = parse(arguments)
    torch.set_num_threads(1)
    trained = trained_weights(args.model)
    training = Training()
    gallery = Gallery(training.images)
    grid = cases(training, fresh_weights(args.seed), trained)
    if args.only and args.only > len(grid):
        raise UserError(f"there are {len(grid)} cases; give --only 1 to {len(grid)}")
    output = make_run_directory(args.output, option="--output")
    if args.only:
        grid = grid[args.only - 1 : args.only]
    for case in grid:
        case.steps = args.steps or case.steps
    everything = attack_all(grid, training, gallery, args.seed)
    rows = [row_of(result) for results in everything for result in results]
    write_table(output / "inversion.csv", COLUMNS, rows)
    draw(everything, output / "inversion.png")
    print(f"Wrote {output}/inversion.csv\nWrote {output}/inversion.png")


if __name__ == "__main__":
    run_command(main)
