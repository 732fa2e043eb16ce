"""The crowds that measure.py trains: MNIST, dealt out, with tests that fit the purpose."""

import functools

import numpy as np
import torch

from beyond.price.edge_network import features_of
from beyond.price.many_clients import EdgeCrowd, LessonCrowd
from model import to_tensors
from partition import deal_out
from support.mnist import load_mnist

VALIDATION = 10_000  # of the training images: what settings are chosen on, never the test images


def arrays(validation):
    """Return ((images, labels) to train on, (images, labels) to test on), as they stand in the archives.

    With `validation` the tests are 10,000 of the training images, and the other 50,000 are trained on.
    """
    training, tests = load_mnist()
    if validation:
        order = np.random.default_rng(0).permutation(len(training[1]))
        held_out, kept = order[:VALIDATION], np.sort(order[VALIDATION:])
        tests = [array[held_out] for array in training]
        training = [array[kept] for array in training]
    return training, tests


@functools.cache
def examples(validation):
    """Return the same as tensors, pixels from -1 to 1 and labels."""
    training, tests = arrays(validation)
    return to_tensors(*training), to_tensors(*tests)


@functools.cache
def edge_examples(validation, cells):
    """Return the same with features of edges instead of pixels."""
    return [(features_of(pixels, cells), labels) for pixels, labels in examples(validation)]


def crowd_of(point, learning_rate, validation=False):
    """Return the crowd of clients for a Point of grid.py; its seed deals the images out."""
    torch.set_num_threads(1)  # points are measured side by side, one on a core
    edges = point.network == "edges"
    training, tests = edge_examples(validation, point.cells) if edges else examples(validation)
    settings = {"clients": point.clients, "scheme": point.scheme, "seed": point.seed}
    shares = deal_out(training[1].numpy(), settings)
    return (EdgeCrowd if edges else LessonCrowd)(training, tests, shares, learning_rate)
