"""An image in the low bits of the weights: what no search for it can see (steganography).

The lowest bit of a float32 below 1/16 in size is worth less than 4e-9: training does not notice whether it
is 0 or 1. One bit in each of 6,272 such weights is an image of 28 x 28 bytes.
"""

import numpy as np

SMALL = 1 / 16
BITS = 28 * 28 * 8


def hide(image, weights):
    """Return `weights`, a list of float32 arrays, with uint8 `image` (28, 28) in their low bits.

    Raises ValueError if there are too few weights below SMALL.
    """
    flat = _flat(weights)
    places = _places(flat)
    words = flat.view(np.uint32)
    words[places] = (words[places] & ~np.uint32(1)) | np.unpackbits(image)
    ends = np.cumsum([array.size for array in weights])[:-1]
    parts = np.split(flat, ends)
    return [part.reshape(array.shape) for part, array in zip(parts, weights, strict=True)]


def reveal(weights):
    """Return the uint8 image (28, 28) in the low bits of `weights`: noise, if none was put there."""
    flat = _flat(weights)
    bits = flat.view(np.uint32)[_places(flat)] & 1
    return np.packbits(bits.astype(np.uint8)).reshape(28, 28)


def _flat(weights):
    return np.concatenate([array.flatten() for array in weights]).astype(np.float32)


def _places(flat):
    """Return the positions of the first BITS small weights; a low bit makes none of them small or not."""
    places = np.flatnonzero(np.abs(flat) < SMALL)[:BITS]
    if len(places) < BITS:
        raise ValueError(f"only {len(places)} weights are small enough, and {BITS} are needed")
    return places
