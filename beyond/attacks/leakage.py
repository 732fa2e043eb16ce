"""What arithmetic alone reads off one client's update: no optimization, no luck.

`update` is a list of arrays in the order of the lesson's state_dict: conv1, conv2, fc1, fc2, weight and bias
of each. SGD has moved every weight against its gradient.
"""

import numpy as np

FC1_WEIGHT, FC1_BIAS, FC2_WEIGHT, FC2_BIAS = 4, 5, 6, 7
EVENLY = 0.1  # of each digit, in what a fresh model answers
CLEAR = 0.7  # lowered by less than this part of the floor; chosen once, with seed 0


def label_of(update):
    """Return the label of the single image behind `update`.

    The gradient of the last bias is the model's probabilities minus 1 at the true label, so one entry alone
    is below zero, and its bias alone rises. (Zhao et al. 2020: iDLG)
    """
    return int(np.argmax(update[FC2_BIAS]))


def label_counts(update, images, learning_rate):
    """Return how many of `images` images show each digit, ints (10,), from one step of a fresh model.

    The mean gradient of the last bias is the mean probability minus the digit's share; a fresh model answers
    with nearly the same probability for every digit.
    """
    shares = EVENLY + update[FC2_BIAS] / learning_rate
    expected = np.clip(shares, 0, None)
    expected *= images / expected.sum()
    counts = np.floor(expected + 1e-6).astype(int)
    left = np.argsort(counts - expected)  # largest remainder first
    for digit in left[: max(images - counts.sum(), 0)]:
        counts[digit] += 1
    return counts


def input_of_fc1(update):
    """Return what the first linear layer was given, float32 (512,), for the single image behind `update`.

    The gradient of a row of weights is its bias's gradient times the input: one division gives the input.
    The row whose bias moved most has the fewest rounding errors. (Phong et al. 2018)
    """
    row = np.argmax(np.abs(update[FC1_BIAS]))
    return update[FC1_WEIGHT][row] / update[FC1_BIAS][row]


def owned_digits(update):
    """Return the set of digits that the client seems to own, from what a whole epoch did to the last layer.

    An image lifts its own digit's bias and lowers the nine others; the weights behind a bias follow it, for
    what they are multiplied with is never negative. Digits without any image are only ever lowered, all by
    about as much: a floor. What stays clear of it, bias or mean weight, is owned.
    """
    changes = (update[FC2_BIAS], update[FC2_WEIGHT].mean(axis=1))  # (10,) each
    return {int(digit) for change in changes for digit in _clear_of_the_floor(change)}


def _clear_of_the_floor(change):
    fallen = change[change < 0]
    if len(fallen) == 0:  # a client whose training has ended in NaN, say
        return []
    return np.flatnonzero(change > CLEAR * np.median(fallen))
