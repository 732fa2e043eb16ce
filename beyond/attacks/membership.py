"""Membership inference: was this image trained on? Guessed from the loss, as good as a coin or better.

    python -m beyond.attacks.membership      # seconds; needs a run's global_model.npz

After S. Yeom et al.: Privacy Risk in Machine Learning (CSF 2018): an image with a small loss is said to be a
member. AUC is the chance that a member looks more like one than a stranger does: 0.5 is a coin.
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
STRANGERS = 1000  # test images


def losses(weights, images, labels):
    """Return the loss of every image, float32 (n,)."""
    model = make_model()
    set_weights(model, weights)
    pixels, truth = to_tensors(images, labels)
    with torch.inference_mode():
        return F.cross_entropy(model(pixels), truth, reduction="none").numpy()


def auc(members, strangers):
    """Return the chance that a member's score is above a stranger's, ties counted half (Mann-Whitney)."""
    strangers = np.sort(strangers)
    below = np.searchsorted(strangers, members, side="left")
    not_above = np.searchsorted(strangers, members, side="right")
    return float((below + not_above).mean() / 2 / len(strangers))


def auc_of_an_update(weights, members, strangers, number):
    """Return the AUC when the score is how much a client's update has lowered an image's loss.

    `members`, what the client trains on, and `strangers` are pairs (images, labels).
    """
    update = update_of(weights, *members, number=number)
    after = [before + change for before, change in zip(weights, update, strict=True)]
    scores = [losses(weights, *some) - losses(after, *some) for some in (members, strangers)]
    return auc(*scores)


def main(arguments=None):
    """Run the command line described above."""
    options = Options()
    add = options.add_argument
    add("--model", default="results/fedavg/global_model.npz", help="the trained model's weights")
    args = parse_options(arguments, [options])
    torch.set_num_threads(1)  # the same figures on every machine of a kind
    weights, training = trained_weights(args.model), Training()
    _, test = load_mnist()
    everyone = auc(-losses(weights, training.images, training.labels), -losses(weights, *test))
    print(f"The global model, all training images against all test images: AUC {everyone:.3f}")
    strangers = tuple(array[:STRANGERS] for array in test)
    few = [
        auc_of_an_update(weights, training.take(indices), strangers, number)
        for number, indices in enumerate(training.first_of_each(CLIENTS, FEW))
    ]
    print(
        f"Single updates of {FEW} images: AUC {min(few):.3f} to {max(few):.3f}, mean {np.mean(few):.3f}"
    )


if __name__ == "__main__":
    run_command(main)
