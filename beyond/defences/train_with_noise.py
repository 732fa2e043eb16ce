"""Clipping and noise: what a defence does to an update, and what is left of the accuracy.

    python -m beyond.defences.train_with_noise     # eight federations -> results/privacy/noise_accuracy.csv

The arithmetic is that of beyond.differential_privacy.mechanism: every update is clipped to the length C, the
average gets Gaussian noise of standard deviation z C / clients. An attacker that knows all other updates can
subtract them, and is left with one clipped update plus noise of z C: that is what defences.py attacks.
"""

import numpy as np
import torch

from beyond.attacks.updates import fresh_weights, update_of
from beyond.differential_privacy.mechanism import private_mean
from model import evaluate, make_model, set_weights, to_tensors
from partition import iid
from support.argument_types import natural_int, positive_int
from support.command_line import Options, parse_options, run_command
from support.mnist import load_mnist
from support.tables import write_table
from support.terminal import progress_bar

CLIP = 0.2  # C: nearly all one-image updates of a fresh model are shorter
NOISES = (0.0, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0)  # z
# z that gives epsilon 8 at delta 0.01 after 60 rounds: sqrt(60) / 3.16 is a mu of 2.45.
EPSILON_8 = 3.16
CLIENTS = 10
COLUMNS = {"noise": float, "accuracy": float}  # of the CSV file, the accuracy as a fraction


def train_with_noise(partitions, noise, rounds, seed):
    """Yield the weights after every round of a federation with clipped updates and noise z = `noise`.

    `partitions` are pairs (images, labels). The noise is seeded, so that the figures can be made again. With
    data to protect it must not be.
    """
    rng = np.random.default_rng([seed, round(noise * 1000)])
    weights = fresh_weights(seed)
    for server_round in range(1, rounds + 1):
        updates = [
            update_of(weights, *part, number=k, server_round=server_round, seed=seed)
            for k, part in enumerate(partitions)
        ]
        mean = private_mean(updates, len(partitions), CLIP, noise, rng.standard_normal)
        pairs = zip(weights, mean, strict=True)
        weights = [(before + change).astype(before.dtype) for before, change in pairs]
        yield weights


def accuracy_of(weights, test):
    """Return the accuracy of `weights` on `test`, tensors from to_tensors."""
    model = make_model()
    set_weights(model, weights)
    return evaluate(model, *test)[1]


def deal(seed, per_client):
    """Return (partitions, test): MNIST dealt out as in the lesson, `per_client` images each at most."""
    (images, labels), (test_images, test_labels) = load_mnist()
    shares = iid(labels, CLIENTS, np.random.default_rng(seed))
    partitions = [(images[share[:per_client]], labels[share[:per_client]]) for share in shares]
    return partitions, to_tensors(test_images, test_labels)


def main(arguments=None):
    """Run the command line described above."""
    options = Options()
    add = options.add_argument
    add("--rounds", type=positive_int, default=60, help="of every federation")
    add("--images", type=positive_int, default=300, help="of every client")
    add("--seed", type=natural_int, default=0, help="the same seed, the same figures")
    add("--output", default="results/privacy/noise_accuracy.csv", help="the CSV file to write")
    args = parse_options(arguments, [options])
    torch.set_num_threads(1)  # the same figures on every machine of a kind
    partitions, test = deal(args.seed, args.images)
    accuracies = {}
    with progress_bar() as bar:
        task = bar.add_task("", total=(len(NOISES) + 1) * args.rounds)
        for noise in (*NOISES, EPSILON_8):
            bar.update(task, description=f"noise {noise:g}")
            for weights in train_with_noise(partitions, noise, args.rounds, args.seed):
                last = weights
                bar.advance(task)
            accuracies[noise] = accuracy_of(last, test)
            print(f"Noise {noise:g}: accuracy {accuracies[noise]:.2%} after {args.rounds} rounds")
    rows = [[f"{noise:g}", f"{accuracy:.4f}"] for noise, accuracy in accuracies.items()]
    write_table(args.output, COLUMNS, rows)
    print(f"Wrote {args.output}")


if __name__ == "__main__":
    run_command(main)
