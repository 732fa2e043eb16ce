"""The Gaussian mechanism on updates: clip each, divide their sum by the number of clients, add noise.

As in DP-FedAvg (McMahan et al. 2018, arXiv 1710.06963) with equal weights and all clients in every round. A
federation with real processes calls this and nothing else, and so do beyond/price and beyond/defences.
"""

import os

import numpy as np


def difference(new, sent):
    """Return what a client has changed: `new` minus `sent`, lists of arrays.

    Counters and masks, which are no floats, have changed by zero: nothing bounds what they could tell.
    """
    pairs = zip(new, sent, strict=True)
    return [now - before if _is_float(before) else np.zeros_like(before) for now, before in pairs]


def clipped(update, clip):
    """Return `update` (a list of arrays) as float64, scaled down to the L2 length `clip` if it is longer.

    The length is that over all arrays of floats. Statistics of batch normalisation are among them, because
    they are made from the data and leave the client: on unscaled data they take up the whole clip, and the
    weights learn nothing. Arrays of whole numbers become zero.
    """
    floats = [array if _is_float(array) else np.zeros(array.shape) for array in update]
    length = np.sqrt(sum(np.sum(np.square(array, dtype=np.float64)) for array in floats))
    scale = min(1.0, clip / length) if length > 0 else 1.0
    return [array * np.float64(scale) for array in floats]


def mean_over_all(updates, clients):
    """Return the sum of `updates` (lists of arrays, at least one) over the number of `clients`.

    That number is public, and fixed for the whole run. Who is not among `updates` counts as zero: one client
    more or less moves the result by at most clip / clients, if the updates are clipped.
    """
    return [sum(arrays) / clients for arrays in zip(*updates, strict=True)]


def private_mean(updates, clients, clip, noise_multiplier, normal):
    """Return the noisy mean of clipped `updates`: a list of float64 arrays.

    The noise's standard deviation is noise_multiplier * clip / clients, however many are missing.
    `normal(shape)` draws from the standard normal distribution.
    """
    mean = mean_over_all([clipped(update, clip) for update in updates], clients)
    scale = noise_multiplier * clip / clients
    # A counter gets no noise, and needs none: it stays zero.
    noisy = zip(mean, updates[0], strict=True)
    return [
        array + scale * normal(array.shape) if _is_float(sent) else array for array, sent in noisy
    ]


def system_normal(shape):
    """Draw float64 numbers from the standard normal distribution, out of the operating system's entropy.

    Box and Muller 1958: two uniform numbers make a normal one. No seed exists, so they cannot be drawn again.
    """
    count = int(np.prod(shape))
    random = np.frombuffer(os.urandom(16 * count), np.uint64).reshape(2, count)
    radius, angle = ((random >> np.uint64(11)) + 0.5) / 2**53  # 53 bits, above 0 and below 1
    return (np.sqrt(-2 * np.log(radius)) * np.cos(2 * np.pi * angle)).reshape(shape)


def _is_float(array):
    return np.issubdtype(array.dtype, np.floating)
