"""Which defence stops what: noise, sums, and what each leaves of pictures, labels and digits.

    python -m beyond.privacy.defences     # some minutes -> results/privacy/defences.png, defences.csv

The accuracies beneath the strip are read from a CSV file (noise,accuracy) that beyond.privacy.noised makes.
"""

from support.argument_types import natural_int, positive_int
from support.command_line import OneLineParser, UserError, run_command
from support.run_record import make_run_directory
from support.terminal import progress_bar

import csv
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch

from beyond.privacy.cases import CLIENTS, Training
from beyond.privacy.defences_picture import draw
from beyond.privacy.inversion import invert
from beyond.privacy.likeness import Gallery, matched
from beyond.privacy.noised import CLIP, NOISES, clipped, mean_of, noised, read_accuracies
from beyond.privacy.reading import digits_of, label_counts, label_of
from beyond.privacy.updates import LESSON, fresh_weights, update_of

RECORDED = Path(__file__).with_name("recorded") / "noise_accuracy.csv"
SINGLES = 5  # images of every client whose labels are read, each alone


@dataclass
class Level:
    """What an attacker gets from updates that were clipped, with noise z = `noise`."""

    noise: float
    image: np.ndarray  # the first client's first image
    reconstruction: np.ndarray = None
    rank: int = 0
    labels: int = 0  # read correctly, of CLIENTS * SINGLES
    digits: int = 0  # clients whose digits were read exactly
    accuracy: float | None = None  # that the federation keeps


@dataclass
class Sum:
    """What an attacker gets from the sum of ten one-image clients."""

    labels: list
    read: list  # labels, as read off the sum
    images: np.ndarray = field(repr=False)
    reconstructions: np.ndarray = field(repr=False)
    ranks: list


class Trial:
    """The updates that all defences are tried on: made once, by real clients on the fresh model."""

    def __init__(self, training, seed, images=None):
        self.training, self.seed = training, seed
        self.weights = fresh_weights(seed)
        self.gallery = Gallery(training.images)
        self.singles = np.concatenate(training.first_of_each(CLIENTS, SINGLES))
        self.single_updates = [self._update([index]) for index in self.singles]
        self.owners = [owned[:images] for owned in training.owners("shards")]
        self.epoch_updates = [self._update(owned, k) for k, owned in enumerate(self.owners)]

    def _update(self, indices, number=0):
        return update_of(self.weights, *self.training.take(indices), number)

    def defended(self, update, noise, number):
        """Return `update` clipped, with noise that differs from client to client and not from run to run."""
        rng = np.random.default_rng([self.seed, round(noise * 1000), number])
        return noised(clipped(update), noise * CLIP, rng)

    def level(self, noise, steps, accuracy):
        """Return the Level of one amount of noise."""
        updates = [self.defended(update, noise, k) for k, update in enumerate(self.single_updates)]
        truth = self.training.labels[self.singles]
        result = Level(noise, self.training.images[self.singles[0]], accuracy=accuracy)
        result.labels = int(
            sum(label_of(u) == label for u, label in zip(updates, truth, strict=True))
        )
        guess, _ = invert(self.weights, updates[0], truth[:1], steps)
        result.reconstruction = guess[0]
        result.rank = self.gallery.rank(result.image, guess[0])
        epochs = [
            self.defended(update, noise, 100 + k) for k, update in enumerate(self.epoch_updates)
        ]
        result.digits = self.digits_read(epochs)
        return result

    def digits_read(self, updates):
        """Return of how many clients exactly the digits are read that they own."""
        truth = [set(self.training.labels[owned].tolist()) for owned in self.owners]
        return sum(digits_of(u) == own for u, own in zip(updates, truth, strict=True))

    def sum_of_ten(self, steps):
        """Return the Sum of ten clients with one image each: their first ones."""
        chosen = self.singles[::SINGLES]
        images, labels = self.training.take(chosen)
        mean = mean_of(self.single_updates[::SINGLES])  # the sum, divided by a number that all know
        counts = label_counts(mean, len(chosen), LESSON["learning_rate"])
        read = np.repeat(np.arange(10), counts)
        found = matched(images, invert(self.weights, mean, read, steps, smoothness=0.1)[0])
        ranks = [
            self.gallery.rank(image, guess) for image, guess in zip(images, found, strict=True)
        ]
        return Sum(sorted(labels.tolist()), read.tolist(), images, found, ranks)

    def digits_after_sum(self):
        """Return (exactly read, clients) when only the sum of all whole epochs is seen: one answer for all."""
        return self.digits_read([mean_of(self.epoch_updates)] * len(self.owners))


def accuracies_in(path):
    """Return {noise: accuracy}. Raises UserError if the file `path` is not there, or not such a file."""
    try:
        return read_accuracies(path)
    except FileNotFoundError:
        raise UserError(
            f"there is no {path}; make it with python -m beyond.privacy.noised"
        ) from None
    except (OSError, ValueError, KeyError) as error:
        raise UserError(
            f"{path} is not a table noise,accuracy ({error}); choose another --accuracies"
        ) from None


def write_levels(levels, path):
    """Write a line for every amount of noise to the CSV file `path`."""
    with open(path, "w", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(["noise", "rank", "labels", "digits", "accuracy"])
        for level in levels:
            rows.writerow(
                [f"{level.noise:g}", level.rank, level.labels, level.digits, level.accuracy]
            )


def write_sum(result, digits, path):
    """Write what was read from the sum to the CSV file `path`: a line for every label and rank."""
    with open(path, "w", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(["label", "label_read", "rank", "clients_whose_digits_were_read"])
        for line in zip(result.labels, result.read, sorted(result.ranks), strict=True):
            rows.writerow([*line, digits])


def main(arguments=None):
    """Run the command line described above."""
    parser = OneLineParser("beyond.privacy.defences", __doc__)
    add = parser.add_argument
    add("--seed", type=natural_int, default=0, help="of the fresh model and of the noise")
    add("--steps", type=positive_int, default=400, help="of every attack")
    add(
        "--images",
        type=positive_int,
        help="at most so many a client in a whole epoch (default: all)",
    )
    add(
        "--accuracies",
        default=RECORDED,
        help="the CSV file with what each noise leaves of the accuracy",
    )
    add("--output", default="results/privacy", help="directory for the picture and the tables")
    args = parser.parse_args(arguments)
    torch.set_num_threads(1)
    accuracies = accuracies_in(args.accuracies)
    output = make_run_directory(args.output, option="--output")
    trial = Trial(Training(), args.seed, args.images)
    levels = []
    with progress_bar() as bar:
        for noise in bar.track(NOISES, description="Levels of noise"):
            level = trial.level(noise, args.steps, accuracies.get(noise))
            levels.append(level)
            print_level(level)
        ten = trial.sum_of_ten(2 * args.steps)
    print_sum(ten, digits := trial.digits_after_sum())
    write_levels(levels, output / "defences.csv")
    write_sum(ten, digits, output / "sum.csv")
    draw(levels, ten, output / "defences.png")
    print(
        "\n".join(f"Wrote {output}/{name}" for name in ("defences.csv", "sum.csv", "defences.png"))
    )


def print_level(level):
    """Print one line about a Level."""
    kept = "unknown" if level.accuracy is None else f"{level.accuracy:.1%}"
    print(
        f"Noise {level.noise:g}: rank {level.rank:,}, labels {level.labels} of {CLIENTS * SINGLES}, "
        f"digits of {level.digits} of {CLIENTS} clients, accuracy {kept}"
    )


def print_sum(ten, digits):
    """Print what the sum tells."""
    right = sum(min(ten.labels.count(digit), ten.read.count(digit)) for digit in range(10))
    first = sum(rank == 1 for rank in ten.ranks)
    print(
        f"Sum of ten clients with one image each: labels in it {right} of 10, rank 1 for {first} of 10 images; "
        f"whose each is cannot be read"
    )
    print(f"Sum of ten whole epochs: digits of {digits} of {CLIENTS} clients")


if __name__ == "__main__":
    run_command(main, "beyond.privacy.defences")
