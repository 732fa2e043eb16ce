"""The check of exercise 9."""

import numpy as np

from beyond.attacks.leakage import FC1_BIAS, FC2_BIAS, FC2_WEIGHT
from beyond.attacks.updates import fresh_weights, update_of
from beyond.practice.judge import call, compare


def check(answer):
    """Check exercise 9."""
    yield "ten updates, each of one image: which digit was it?"
    weights, rng = fresh_weights(), np.random.default_rng(0)
    images = rng.integers(0, 256, (10, 1, 28, 28), dtype=np.uint8)
    updates = [update_of(weights, images[digit], np.array([digit])) for digit in range(10)]
    found = [call(answer.label_of, update) for update in updates]
    found = [int(one) if isinstance(one, np.integer) else one for one in found]
    mistakes = {
        "it is always the same": lambda update: found[0],
        "that bias fell most, and the true digit's rises": lambda update: update[FC2_BIAS].argmin(),
        "that is the bias of fc1, with 64 units": lambda update: update[FC1_BIAS].argmax(),
        "that is one of fc2's 640 weights": lambda update: update[FC2_WEIGHT].argmax(),
        "that is how far it rose, and not which": lambda update: update[FC2_BIAS].max(),
    }
    made = {words: list(map(mistake, updates)) for words, mistake in mistakes.items()}
    compare(found, list(range(10)), made, "label_of(update)")
