"""Updates as the server receives them, made by the lesson's own client.

The attacks here begin with what this module returns, and see nothing else of a client.
"""

import contextlib
import io

import numpy as np
import torch

from client import FlowerClient
from model import get_weights, make_model

LESSON = {"server_round": 1, "local_epochs": 1, "batch_size": 32, "learning_rate": 0.05, "seed": 0}


def fresh_weights(seed=0):
    """Return the weights with which server.py begins when it is given `seed`."""
    torch.manual_seed(seed)
    return get_weights(make_model())


def update_of(weights, images, labels, number=0, **changes):
    """Let client `number` fit on `weights`; return what these have changed by, a list of float32 arrays.

    `images` are uint8 (n, 28, 28), `labels` int64 (n,). `changes` replace what the lesson's server sends with
    the weights (LESSON), such as `local_epochs`.
    """
    client = FlowerClient(number, make_model(), images, labels)
    with contextlib.redirect_stdout(io.StringIO()):  # a line for every fit
        new, _, _ = client.fit(weights, {**LESSON, **changes})
    return difference(new, weights)


def difference(new, old):
    """Return `new` minus `old`, lists of arrays: what a server computes that knows both."""
    return [after - before for after, before in zip(new, old, strict=True)]


def length_of(update):
    """Return the L2 norm over all arrays of an update."""
    return float(np.sqrt(sum(np.sum(array.astype(np.float64) ** 2) for array in update)))
