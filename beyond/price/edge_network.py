"""A small network for private training: fixed features of edges, and one linear layer that learns.

Noise grows with the square root of the number of weights, so features that need no training come free.
Histograms of edges' directions are an old idea (Dalal and Triggs 2005); that handmade features help private
training was shown by Tramer and Boneh 2021 (arXiv 2011.11660).
"""

import math

import torch
import torch.nn.functional as F
from torch import nn

DIRECTIONS = 8


def edge_features(images, cells):
    """Turn images (n, 1, 28, 28) into features (n, 8 * cells * cells).

    How strong the edges in eight directions are, for each of cells x cells parts of the image. An image's
    features have the mean 0 and the mean square 1, so no statistics of anybody's data are needed.
    """
    across = F.pad(images[..., 2:] - images[..., :-2], (1, 1))  # (n, 1, 28, 28)
    down = F.pad(images[..., 2:, :] - images[..., :-2, :], (0, 0, 1, 1))
    angles = torch.arange(DIRECTIONS) * (2 * math.pi / DIRECTIONS)
    cos, sin = angles.cos().view(1, -1, 1, 1), angles.sin().view(1, -1, 1, 1)
    strength = F.relu(across * cos + down * sin).pow(3)  # (n, 8, 28, 28); faint edges count little
    side = images.shape[-1] // cells
    # The cells overlap by two pixels, so that an edge near a border of theirs may move a little.
    features = F.avg_pool2d(strength, side + 2, stride=side, padding=1).flatten(start_dim=1)
    return F.layer_norm(features, features.shape[1:])


class EdgeModel(nn.Module):
    """Edge features and one linear layer that starts at zero: 3,930 weights with 7 cells, 1,290 with 4.

    Takes images (batch, 1, 28, 28), or their features (batch, width) from whoever has computed them already;
    returns scores (batch, 10). While it trains, it gives no score to digits that are not in `own` (a bool for
    each digit): a client that has never seen a digit has nothing to say about it (restricted softmax: Li and
    Zhan 2021, FedRS).
    """

    def __init__(self, cells=7):
        super().__init__()
        self.own = torch.ones(10, dtype=torch.bool)
        self.cut(cells)

    def cut(self, cells):
        """Cut images into cells x cells parts, and begin at zero."""
        self.cells = cells
        self.linear = nn.Linear(DIRECTIONS * cells * cells, 10)
        nn.init.zeros_(self.linear.weight)
        nn.init.zeros_(self.linear.bias)

    def forward(self, images):
        """Return ten scores for every image."""
        features = images if images.dim() == 2 else edge_features(images, self.cells)
        scores = self.linear(features)
        return scores.masked_fill(~self.own, -math.inf) if self.training else scores


def features_of(images, cells, chunk=5000):
    """Return edge_features of many images, `chunk` at a time: the filters need 25 KB an image."""
    return torch.cat([edge_features(some, cells) for some in images.split(chunk)])


def cells_of(weights):
    """Return how many cells the EdgeModel has that these weights (a list of arrays) belong to."""
    return math.isqrt(weights[0].shape[1] // DIRECTIONS)


def digits_of(labels):
    """Return which digits occur in int64 `labels`: a bool for each of the ten."""
    return torch.bincount(labels, minlength=10) > 0
