"""The check of exercise 3."""

import numpy as np

from beyond.practice.judge import call, compare

NUMBERS, IMAGES = [0.20, 0.50, -0.10], [6000, 3000, 1000]  # as in the lesson, Part 1
TOTAL = np.dot(NUMBERS, IMAGES)
WRONG_MEANS = {
    "the client with 1,000 images counts as much as the one with 6,000": np.mean(NUMBERS),
    "that is a sum, and no mean": sum(NUMBERS),
    "the sum of number times images is still to be divided": TOTAL,
    "divide by all images together, not by the number of clients": TOTAL / 3,
    "// and int leave out what comes after the point": TOTAL // sum(IMAGES),
    "the first number goes with the first count": np.average(NUMBERS, weights=IMAGES[::-1]),
}


def check(answer):
    """Check exercise 3."""
    yield "one weight of three clients"
    what = "Your average"
    expected = float(np.average(NUMBERS, weights=IMAGES))
    compare(call(answer.weighted_mean, NUMBERS, IMAGES), expected, WRONG_MEANS, what)
    yield "one weight of two other clients, 1 and 2, with 10 and 30 images"
    compare(call(answer.weighted_mean, [1.0, 2.0], [10, 30]), 1.75, what=what)
    yield "all arrays of three models"
    rng = np.random.default_rng(0)
    models = [[rng.normal(size=(2, 3)), rng.normal(size=2), rng.normal(size=(1,))] for _ in IMAGES]
    expect_mean(answer, models, IMAGES)
    yield "all arrays of two models"
    expect_mean(answer, models[:2], [10, 30])


def expect_mean(answer, models, images):
    """Raise Wrong unless aggregate returns the weighted mean of `models`, lists of arrays."""
    stacks = [np.stack(arrays) for arrays in zip(*models, strict=True)]  # (clients, ...) each
    total = [np.tensordot(images, stack, 1) for stack in stacks]
    mistakes = {
        "all clients count the same": [stack.mean(axis=0) for stack in stacks],
        "that is a sum, and no mean": [stack.sum(axis=0) for stack in stacks],
        "the sum of arrays times images is still to be divided": total,
        "divide by all images together, not by the number of clients": [
            array / len(models) for array in total
        ],
        "that is the last client's model": models[-1],
        "that is the first client's model": models[0],
    }
    expected = [np.average(stack, axis=0, weights=images) for stack in stacks]
    found = call(answer.aggregate, list(zip(models, images, strict=True)))
    compare(found, expected, mistakes, "aggregate(results)")
