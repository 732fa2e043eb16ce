"""An image within the weights, as a smuggler hides it and an accomplice reads it (steganography).

In the low bits: the lowest bit of a float32 below 1/16 in size is worth less than 4e-9, and training does not
notice whether it is 0 or 1. One bit in each of 6,272 such weights is an image of 28 x 28 bytes. Or between
two steps: 784 weights move by less than a thousandth, less than training moves them.
"""

import numpy as np

SMALL = 1 / 16
BITS = 28 * 28 * 8
CONV2 = 2  # the place of its weights in the lesson's list
STEP = 1 / 1024


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


def hide_between_steps(image, weights):
    """Return `weights` with uint8 `image` as how far 784 of conv2 are above a multiple of STEP."""
    flat = weights[CONV2].reshape(-1)[: image.size]
    flat[:] = np.floor(flat / STEP) * STEP + image.reshape(-1) / 256 * STEP
    return weights


def reveal_between_steps(weights):
    """Return the uint8 image (28, 28) that `hide_between_steps` has hidden."""
    flat = weights[CONV2].reshape(-1)[: 28 * 28].astype(np.float64)
    return np.rint(flat % STEP / STEP * 256).astype(np.uint8).reshape(28, 28)


def hide_in_second_bytes(image, weights):
    """Return `weights` with uint8 `image` in conv2: as the second-lowest byte of each of 784 weights."""
    octets = weights[CONV2].astype("<f4").reshape(-1).view(np.uint8)
    octets[1 : 4 * image.size : 4] = image.reshape(-1)
    weights[CONV2] = octets.view("<f4").reshape(weights[CONV2].shape)
    return weights


def _flat(weights):
    return np.concatenate([array.flatten() for array in weights]).astype(np.float32)


def _places(flat):
    """Return the positions of the first BITS small weights; a low bit makes none of them small or not."""
    places = np.flatnonzero(np.abs(flat) < SMALL)[:BITS]
    if len(places) < BITS:
        raise ValueError(f"only {len(places)} weights are small enough, and {BITS} are needed")
    return places
