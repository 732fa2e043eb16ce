"""Which clients and images the attacks are tried on: by rules, and not by what looks good.

The images are MNIST's 60,000 training images, dealt out as partition.py does with seed 0 and ten clients.
"""

import numpy as np
import torch

from model import CNN, make_model, set_weights, to_tensors
from partition import deal_out
from support.command_line import UserError
from support.mnist import load_mnist

CLIENTS = 10
DIRICHLET_ALPHA = 0.5


class Training:
    """All training images and labels, and who owns which."""

    def __init__(self):
        (self.images, self.labels), _ = load_mnist()

    def owners(self, scheme, seed=0):
        """Return the indices of every client's images, dealt out by `scheme`."""
        settings = {"clients": CLIENTS, "scheme": scheme, "seed": seed, "alpha": DIRICHLET_ALPHA}
        return deal_out(self.labels, settings)

    def take(self, indices):
        """Return (images, labels) of the images with these indices."""
        return self.images[indices], self.labels[indices]

    def first_of_each(self, clients, count=1, scheme="iid"):
        """Return, client by client, the indices of its first `count` images."""
        return [owned[:count] for owned in self.owners(scheme)[:clients]]

    def first_mistakes(self, weights, clients):
        """Return, client by client, the index of its first image that `weights` classify wrongly."""
        model = make_model()
        set_weights(model, weights)
        return [
            owned[_mistakes(model, *self.take(owned))[:1]] for owned in self.owners("iid")[:clients]
        ]


def _mistakes(model, images, labels):
    """Return the positions of the images that `model` classifies wrongly."""
    tensors, _ = to_tensors(images, labels)
    with torch.inference_mode():
        return np.flatnonzero(model(tensors).argmax(dim=1).numpy() != labels)


def trained_weights(path):
    """Return the weights in a run's global_model.npz. Raises UserError if it is not the lesson's network."""
    names = CNN().state_dict()
    try:
        with np.load(path, allow_pickle=False) as file:
            weights = [file[name] for name in names]
    except FileNotFoundError:
        raise UserError(f"there is no {path}; train one with python federation.py") from None
    except Exception as error:  # damaged bytes make zip and NumPy raise almost anything
        raise UserError(
            f"{path} is not a model of this lesson ({error}); choose another --model"
        ) from None
    for array, (name, tensor) in zip(weights, names.items(), strict=True):
        if array.shape != tuple(tensor.shape) or array.dtype != np.float32:
            raise UserError(
                f"{path}: {name} is {array.dtype} {array.shape}; choose another --model"
            )
    return weights
