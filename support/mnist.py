"""MNIST: the original archives in data/, and two schemes that papers use to deal them out unevenly.

A scheme returns one array of image indices per client; together they hold every index exactly once.
"""

import tempfile
from pathlib import Path

import numpy as np

from support.command_line import ROOT, UserError

ARCHIVES = ROOT / "data/MNIST/raw"
SCHEMES = ("iid", "dirichlet", "shards")
DEFAULT_ALPHA = 0.5
SMALLEST_ALPHA = 1e-6  # below that, mixtures are of one digit, and floats fail
TINY = 1e-200  # too little of a mixture to be scaled up


def load_mnist():
    """Return MNIST as two pairs of arrays: 60,000 images and labels to train on, and 10,000 to test on.

    Images are uint8 (n, 28, 28), labels int64 (n,). Raises UserError if an archive is missing or damaged, or
    if there is no room to unpack them for a moment.
    """
    from torchvision.datasets import MNIST  # slow to import, and needed only here
    from torchvision.datasets.utils import check_integrity, extract_archive

    for name, md5 in MNIST.resources:
        if not check_integrity(ARCHIVES / name, md5):
            raise UserError(f"{ARCHIVES / name} is damaged or gone; git checkout data restores it")
    try:
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as directory:
            unpacked = Path(directory, "MNIST/raw")
            unpacked.mkdir(parents=True)
            for name, _ in MNIST.resources:
                extract_archive(ARCHIVES / name, unpacked)
            parts = [MNIST(directory, train=train) for train in (True, False)]
            return [(part.data.numpy(), part.targets.numpy()) for part in parts]
    except OSError as error:
        raise UserError(
            f"cannot unpack MNIST in {tempfile.gettempdir()}: {error.strerror}; "
            "make room there, or name another directory with TMPDIR"
        ) from None


def dirichlet(labels, clients, rng, alpha):
    """Give every client equally many images, with digits mixed as a draw from a Dirichlet distribution.

    Hsu, Qi, Brown 2019 (arXiv 1909.06335): client k's mixture is q ~ Dir(alpha p), where p is how often
    each digit occurs. A small `alpha` makes mixtures of one digit, a large one makes all alike. Images are
    drawn without replacement; where a digit has run out, the rest of the mixture is scaled up. As every
    client is served `len(labels) / clients` images, none goes empty; who comes last takes what is left.
    """
    stock = [list(rng.permutation(np.flatnonzero(labels == digit))) for digit in range(10)]
    prior = np.bincount(labels, minlength=10) / len(labels)
    sizes = [len(part) for part in np.array_split(labels, clients)]
    concentration = np.maximum(alpha, SMALLEST_ALPHA) * prior
    return [_draw(stock, concentration, size, rng) for size in sizes]


def _draw(stock, concentration, size, rng):
    """Take `size` indices from `stock` (ten lists, which shrink), digits mixed as Dir(`concentration`)."""
    mixture, taken = rng.dirichlet(concentration), []
    while len(taken) < size:
        left = np.array([len(indices) for indices in stock])
        mixture = np.where(left > 0, mixture, 0.0)
        if mixture.sum() < TINY:  # only digits are left of which this mixture has next to nothing
            mixture[left > 0] = rng.dirichlet(concentration[left > 0])
        wanted = np.minimum(rng.multinomial(size - len(taken), mixture / mixture.sum()), left)
        for digit, count in enumerate(wanted):
            taken += [stock[digit].pop() for _ in range(count)]
    return np.array(taken)


def shards(labels, clients, rng):
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
