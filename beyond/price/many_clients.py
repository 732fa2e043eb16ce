"""Many clients in one process, for measuring what privacy costs: their updates, as their fit() makes them.

A thousand processes do not fit on a desk. What happens to the updates afterwards is the mechanism's business,
the same here as in a federation with real processes.
"""

import numpy as np
import torch
import torch.nn.functional as F

from beyond.price.edge_network import digits_of
from model import evaluate, get_weights, make_model, set_weights, train


class EdgeCrowd:
    """Clients that each take one step of gradient descent a round, on all of their images: one batch for all.

    `training` and `tests` are pairs of tensors, features (n, width) and labels (n,); `shares` is a list of
    arrays of indices, of equal length, one for each client.
    """

    def __init__(self, training, tests, shares, learning_rate):
        features, labels = training
        order = torch.from_numpy(np.stack(shares))  # (clients, images)
        self.features = features[order]  # (clients, images, width)
        self.labels = F.one_hot(labels[order], 10).float()  # (clients, images, 10)
        self.own = torch.stack([digits_of(own) for own in labels[order]]).unsqueeze(1)
        self.tests = tests
        self.learning_rate = learning_rate

    def first_weights(self, seed):
        """Return the weights with which a federation begins: zeros, whatever the seed."""
        width = self.features.shape[2]
        return [np.zeros((10, width), np.float32), np.zeros(10, np.float32)]

    def updates(self, weights, server_round):
        """Return every client's update: a list of [(10, width), (10,)] arrays."""
        scores = _scores(weights, self.features)  # (clients, images, 10)
        chances = scores.masked_fill(~self.own, -torch.inf).softmax(dim=2)
        errors = (self.labels - chances) * (self.learning_rate / self.features.shape[1])
        steps = errors.transpose(1, 2) @ self.features  # (clients, 10, width)
        return [[*pair] for pair in zip(steps.numpy(), errors.sum(dim=1).numpy(), strict=True)]

    def accuracy(self, weights):
        """Return the accuracy on the tests, a fraction."""
        features, labels = self.tests
        return (_scores(weights, features).argmax(dim=1) == labels).double().mean().item()


def _scores(weights, features):
    """Return the scores (..., 10) that an EdgeModel with these weights gives to features (..., width)."""
    matrix, bias = map(torch.from_numpy, weights)
    return features @ matrix.T + bias


class LessonCrowd:
    """Clients with the lesson's network, which train for one local epoch a round, one after another.

    `training` and `tests` are pairs of tensors from `to_tensors`; `shares` as above.
    """

    def __init__(self, training, tests, shares, learning_rate):
        images, labels = training
        self.data = [(images[share], labels[share]) for share in map(torch.from_numpy, shares)]
        self.tests = tests
        self.learning_rate = learning_rate
        self.model = make_model()

    def first_weights(self, seed):
        """Return the weights with which server.py begins when it is given `seed`."""
        torch.manual_seed(seed)
        return get_weights(make_model())

    def updates(self, weights, server_round):
        """Return every client's update: a list of lists of arrays."""
        found = []
        for number, own in enumerate(self.data):
            set_weights(self.model, weights)
            rng = np.random.default_rng([0, server_round, number])
            how = {"learning_rate": self.learning_rate, "batch_size": 32}
            train(self.model, *own, epochs=1, rng=rng, **how)
            pairs = zip(get_weights(self.model), weights, strict=True)
            found.append([new - old for new, old in pairs])
        return found

    def accuracy(self, weights):
        """Return the accuracy on the tests, a fraction."""
        set_weights(self.model, weights)
        return evaluate(self.model, *self.tests)[1]
