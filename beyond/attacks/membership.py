"""Membership inference: was this image trained on? Guessed from the loss, as good as a coin or better.

    python -m beyond.attacks.membership      # half a minute; needs a run's global_model.npz

After S. Yeom et al.: Privacy Risk in Machine Learning (CSF 2018): an image with a small loss is said to be a
member. Stronger attacks exist: LiRA (N. Carlini et al., 2022) compares with models of its own.
"""

import numpy as np
import torch
import torch.nn.functional as F

from beyond.attacks.training_images import CLIENTS, Training, trained_weights
from beyond.attacks.updates import update_of
from model import make_model, set_weights, to_tensors
from support.command_line import Options, parse_options, run_command
from support.mnist import load_mnist

FEW = 60  # images of a client that trains on hardly any
FALSE_POSITIVES = (0.01, 0.001)  # of strangers that are taken for members
RESAMPLED = 200  # times, for an interval


def losses(weights, images, labels):
    """Return the loss of every image, float64 (n,): in float32 many would be 0, and equal."""
    model = make_model()
    set_weights(model, weights)
    pixels, truth = to_tensors(images, labels)
    with torch.inference_mode():
        return F.cross_entropy(model(pixels).double(), truth, reduction="none").numpy()


def scores_of_a_model(weights, members, strangers):
    """Return how much each of `members` and `strangers`, pairs (images, labels), looks like a member.

    Two arrays (n,): the smaller the loss, the higher the score.
    """
    return [-losses(weights, *some) for some in (members, strangers)]


def scores_of_an_update(weights, members, strangers, number, **changes):
    """Return the same if the score is how much the update of client `number` has lowered an image's loss.

    `members` is what the client trains on; `changes` are those of `update_of`.
    """
    update = update_of(weights, *members, number=number, **changes)
    after = [before + change for before, change in zip(weights, update, strict=True)]
    return [losses(weights, *some) - losses(after, *some) for some in (members, strangers)]


def auc(members, strangers):
    """Return the chance that a member's score is above a stranger's, ties counted half (Mann-Whitney)."""
    strangers = np.sort(strangers)
    below = np.searchsorted(strangers, members, side="left")
    not_above = np.searchsorted(strangers, members, side="right")
    return float((below + not_above).mean() / 2 / len(strangers))


def true_positive_rate(pairs, false_positives):
    """Return the share of members whose score is above that of all but `false_positives` of the strangers.

    `pairs` are (members, strangers), arrays of scores; each pair has a threshold of its own.
    """
    found = [
        members > np.quantile(strangers, 1 - false_positives, method="higher")
        for members, strangers in pairs
    ]
    return float(np.concatenate(found).mean())


def interval(pairs, false_positives):
    """Return between what the true-positive rate lies (95 %): that of members and strangers drawn again."""
    numbers = np.random.default_rng(0)
    rates = [
        true_positive_rate(
            [[numbers.choice(scores, len(scores)) for scores in pair] for pair in pairs],
            false_positives,
        )
        for _ in range(RESAMPLED)
    ]
    return np.quantile(rates, [0.025, 0.975])


def print_rates(pairs):
    """Print how many members are found at few false positives; as many, if there is nothing to tell."""
    for allowed in FALSE_POSITIVES:
        least, most = interval(pairs, allowed)
        print(
            f"  true positives at {100 * allowed:.1f} % false positives: "
            f"{100 * true_positive_rate(pairs, allowed):.2f} % "
            f"({100 * least:.2f} % to {100 * most:.2f} %)"
        )


def scores_of_updates(weights, training, test):
    """Return [(scores of its first FEW images, scores of `test`)] of the updates of all clients."""
    return [
        scores_of_an_update(weights, training.take(indices), test, number)
        for number, indices in enumerate(training.first_of_each(CLIENTS, FEW))
    ]


def main(arguments=None):
    """Run the command line described above."""
    options = Options()
    add = options.add_argument
    add("--model", default="results/fedavg/global_model.npz", help="the trained model's weights")
    args = parse_options(arguments, [options])
    torch.set_num_threads(1)  # the same figures on every machine of a kind
    weights, training = trained_weights(args.model), Training()
    _, test = load_mnist()
    everyone = scores_of_a_model(weights, (training.images, training.labels), test)
    print(
        f"The global model, all training images against all test images: AUC {auc(*everyone):.3f}"
    )
    print_rates([everyone])
    few = scores_of_updates(weights, training, test)
    areas = [auc(*pair) for pair in few]
    print(
        f"Single updates of {FEW} images: AUC {min(areas):.3f} to {max(areas):.3f}, "
        f"mean {np.mean(areas):.3f}"
    )
    print_rates(few)


if __name__ == "__main__":
    run_command(main)
