"""The situations in which gradient inversion is tried, and what comes of each image."""

from dataclasses import dataclass

import numpy as np

from beyond.attacks.inversion import invert
from beyond.attacks.leakage import label_counts, label_of
from beyond.attacks.similarity import matched, psnr
from beyond.attacks.updates import LESSON, length_of, update_of

SHOWN_OF_AN_EPOCH = (
    8  # images of the 6,000 that a whole epoch is about: the attack has to guess a number
)


@dataclass
class Case:
    """One situation of the grid: what the client trains on, which model, and how hard the attacker tries.

    `groups` are lists of image indices, an update each.
    """

    name: str
    weights: list
    groups: list
    steps: int
    smoothness: float
    restarts: int = 3


@dataclass
class Result:
    """What came of one image."""

    case: str
    index: int
    rank: int
    psnr: float
    length: float  # of the update
    image: np.ndarray
    reconstruction: np.ndarray


def cases(training, fresh, trained):
    """Return the grid. Images are a client's first, or its first mistake: none is chosen by its looks."""
    first = training.first_of_each(8)
    batch = training.first_of_each(1, 8)
    epoch = training.first_of_each(1, None)
    return [
        Case("one image, fresh model", fresh, first, 400, 0.01),
        Case("a batch of eight, fresh model", fresh, batch, 800, 0.1),
        Case(
            "one image that a trained model gets wrong",
            trained,
            training.first_mistakes(trained, 6),
            500,
            0.1,
        ),
        Case("one image that a trained model knows", trained, first[:4], 400, 0.1),
        Case("a whole epoch over 6,000 images", fresh, epoch, 400, 0.1, restarts=1),
    ]


def labels_from(update, count):
    """Return the labels, int64 (count,), as an attacker reads them off."""
    if count == 1:
        return np.array([label_of(update)])
    counts = label_counts(update, count, LESSON["learning_rate"])
    return np.repeat(np.arange(10), counts)


def attack(case, training, gallery, seed):
    """Yield lists of Results, one list for every update of `case`."""
    for group in case.groups:
        images, labels = training.take(group)
        update = update_of(case.weights, images, labels)
        shown = group[:SHOWN_OF_AN_EPOCH]
        guessed = labels_from(update, len(shown))
        effort = (case.steps, case.restarts, case.smoothness)
        found, _ = invert(case.weights, update, guessed, *effort, seed)
        found = matched(images[: len(shown)], found)
        yield [
            Result(
                case.name, int(index), gallery.rank(*pair), psnr(*pair), length_of(update), *pair
            )
            for index, *pair in zip(shown, images, found, strict=False)
        ]
