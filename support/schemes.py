"""How to deal images out unevenly: two schemes that the field's papers use for skewed (non-IID) data.

Each returns one array of image indices per client; together they hold every index exactly once.
"""

import numpy as np

from support.command_line import UserError


def dirichlet(labels, clients, rng, alpha):
    """Give every client equally many images, with digits mixed as a draw from a Dirichlet distribution.

    Hsu, Qi, Brown 2019 (arXiv 1909.06335): client k's mixture is q ~ Dir(alpha p), where p is how often
    each digit occurs. A small `alpha` makes mixtures of one digit, a large one makes all alike. Images are
    drawn without replacement; where a digit has run out, its share goes to the others. As every client is
    served `len(labels) / clients` images, none goes empty.
    """
    stock = [list(rng.permutation(np.flatnonzero(labels == digit))) for digit in range(10)]
    prior = np.bincount(labels, minlength=10) / len(labels)
    sizes = [len(part) for part in np.array_split(labels, clients)]
    return [_draw(stock, rng.dirichlet(alpha * prior), size, rng) for size in sizes]


def _draw(stock, mixture, size, rng):
    """Take `size` indices from `stock` (ten lists, which shrink), digits mixed as in `mixture`."""
    taken = []
    while len(taken) < size:
        left = np.array([len(indices) for indices in stock])
        shares = np.where(left > 0, mixture, 0.0)
        if shares.sum() <= 0:  # only digits that this mixture does not have are left
            shares = left.astype(float)
        wanted = np.minimum(rng.multinomial(size - len(taken), shares / shares.sum()), left)
        for digit, count in enumerate(wanted):
            taken += [stock[digit].pop() for _ in range(count)]
    return np.array(taken)


def shards(labels, clients, rng, alpha=None):
    """Sort by digit, cut into two shards a client, and deal the shards out: about two digits each.

    McMahan et al. 2017 (arXiv 1602.05629), who cut 200 shards of 300 images for 100 clients.
    """
    count = 2 * clients
    if count > len(labels):
        raise UserError(
            f"{count} shards cannot be cut from {len(labels)} images; use fewer --clients"
        )
    pieces = np.array_split(np.argsort(labels, kind="stable"), count)
    order = rng.permutation(count)
    return [
        np.concatenate([pieces[first], pieces[second]]) for first, second in order.reshape(-1, 2)
    ]
