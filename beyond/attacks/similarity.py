"""How like the truth a reconstruction is: its rank among all training images, and its PSNR."""

import numpy as np


class Gallery:
    """All images that may have been meant, uint8 (n, 28, 28): MNIST's 60,000 training images."""

    def __init__(self, images):
        self.directions = _directions(images)

    def rank(self, image, reconstruction):
        """Return the place of `image` when all are ordered by correlation with `reconstruction`; 1 is first.

        Chance alone would give half the number of images. A reconstruction without any contrast gets last.
        """
        wanted = _directions(reconstruction[None])[0]
        own = float(_directions(image[None])[0] @ wanted)
        if not np.isfinite(own):
            return len(self.directions)
        return 1 + int((self.directions @ wanted > own + 1e-6).sum())


def psnr(image, reconstruction):
    """Return the peak signal-to-noise ratio in dB between uint8 `image` and floats -1..1, both (28, 28)."""
    error = (reconstruction + 1) / 2 - image / 255
    return float(-10 * np.log10(np.mean(error**2)))


def matched(images, reconstructions):
    """Return `reconstructions` in the order of `images`: pairs are made greedily, most alike first.

    The order of images in a batch leaves no trace in an update, so someone has to find out which is which.
    """
    alike = _directions(images) @ _directions(reconstructions).T  # (n, n)
    alike = np.nan_to_num(alike, nan=-1.0)
    order = np.zeros(len(images), dtype=int)
    for _ in images:
        image, reconstruction = np.unravel_index(alike.argmax(), alike.shape)
        order[image] = reconstruction
        alike[image, :] = alike[:, reconstruction] = -2.0
    return reconstructions[order]


def _directions(images):
    """Return `images` as rows (n, 784) of mean 0 and length 1: their products are correlations."""
    rows = images.reshape(len(images), -1).astype(np.float32)
    rows = rows - rows.mean(axis=1, keepdims=True)
    with np.errstate(invalid="ignore"):
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)
