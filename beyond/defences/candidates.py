"""The strongest attack on a noisy update of one image: an attacker who has candidates only has to choose.

    python -m beyond.defences.candidates    # three minutes -> results/privacy/candidates.csv

Each candidate image would have led to one step. The noise is Gaussian and its amount is public, so the most
likely candidate is the one with the largest inner product of the update with that step, minus half the step's
squared length. No picture is reconstructed, and all 46,730 noisy numbers count at once.
"""

import numpy as np
import torch
from torch.func import functional_call, grad, vmap
from torch.nn import functional as F

from beyond.attacks.command import attack_options
from beyond.attacks.training_images import Training
from beyond.attacks.updates import LESSON, fresh_weights, update_of
from beyond.defences.defended_updates import PICTURES, defended
from beyond.defences.train_with_noise import CLIP, EPSILON_8, NOISES
from model import make_model, set_weights, to_tensors
from support.argument_types import positive_int
from support.command_line import parse_options, run_command
from support.run_record import make_run_directory
from support.tables import write_table

AT_ONCE = 200  # gradients of 46,730 numbers that are in memory together
DRAWS = 10  # of noise on each update; the first one is that of defences.py
COLUMNS = ("noise", "updates", "candidates", "median_place", "first", "labels")


def clipped_steps(weights, images, labels, learning_rate, clip):
    """Yield, batch by batch, the updates (n, weights) that clients of one image each would send, clipped.

    `images` are uint8 (n, 28, 28), `labels` int64 (n,). One image is one step of SGD: its gradient, times the
    learning rate.
    """
    model = make_model()
    set_weights(model, weights)

    def loss(parameters, image, label):
        return F.cross_entropy(functional_call(model, parameters, image[None]), label[None])

    gradients_of = vmap(grad(loss), in_dims=(None, 0, 0))
    parameters = {name: weight.detach() for name, weight in model.named_parameters()}
    tensors, targets = to_tensors(images, labels)
    for batch in torch.arange(len(targets)).split(AT_ONCE):
        gradients = gradients_of(parameters, tensors[batch], targets[batch])
        steps = -learning_rate * torch.cat([g.flatten(1) for g in gradients.values()], dim=1)
        yield (steps * (clip / steps.norm(dim=1, keepdim=True)).clamp(max=1)).numpy()


def scores_of(updates, steps):
    """Return how likely each of `updates` (lists of arrays) belongs to each candidate: (updates, candidates).

    These are logarithms of likelihoods, times the noise's variance, but for a term that all candidates share.
    `steps` come from clipped_steps.
    """
    seen = np.stack([np.concatenate([array.ravel() for array in update]) for update in updates])
    return np.hstack([seen @ step.T - (step**2).sum(axis=1) / 2 for step in steps])


def places_of(scores, truth):
    """Return the place of each update's true candidate, whose column is in `truth`; 1 is the most likely."""
    own = np.take_along_axis(scores, truth[:, None], axis=1)
    return 1 + (scores > own).sum(axis=1)


def choose(training, noises, seed=0, candidates=None):
    """Yield a row of COLUMNS for each of `noises`: what is chosen among the first `candidates` images.

    The true ones, the first image of three clients, are always among the candidates.
    """
    true = np.concatenate(training.first_of_each(PICTURES))
    others = np.setdiff1d(np.arange(len(training.labels))[:candidates], true)
    images, labels = training.take(np.concatenate([true, others]))
    weights = fresh_weights(seed)
    updates = [update_of(weights, images[[k]], labels[[k]]) for k in range(PICTURES)]
    noisy = [
        defended(update, noise, seed, number + 1000 * draw)
        for noise in noises
        for number, update in enumerate(updates)
        for draw in range(DRAWS)
    ]
    scores = scores_of(noisy, clipped_steps(weights, images, labels, LESSON["learning_rate"], CLIP))
    truth = np.tile(np.repeat(np.arange(PICTURES), DRAWS), len(noises))
    places = places_of(scores, truth).reshape(len(noises), -1)
    right = (labels[scores.argmax(axis=1)] == labels[truth]).reshape(len(noises), -1)
    for noise, place, label in zip(noises, places, right, strict=True):
        first = int((place == 1).sum())
        yield [f"{noise:g}", place.size, len(labels), f"{np.median(place):g}", first, label.sum()]


def main(arguments=None):
    """Run the command line described above."""
    options = attack_options("of the fresh model and the noise")
    options.add_argument("--candidates", type=positive_int, help="at most so many (default: all)")
    args = parse_options(arguments, [options])
    torch.set_num_threads(1)
    output = make_run_directory(args.output, option="--output") / "candidates.csv"
    rows = list(choose(Training(), [*NOISES, EPSILON_8], args.seed, args.candidates))
    for noise, updates, candidates, median, first, labels in rows:
        print(
            f"Noise {noise}: of {updates} updates {first} are found first among {candidates:,} candidates "
            f"(median place {median}), and {labels} labels are right"
        )
    write_table(output, COLUMNS, rows)
    print(f"Wrote {output}")


if __name__ == "__main__":
    run_command(main)
