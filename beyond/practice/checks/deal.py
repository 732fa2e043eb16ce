"""The check of exercise 1, and what that of exercise 8 shares with it: images dealt out."""

import numpy as np

from beyond.practice.judge import call, expect, kind, same

EVENLY = "Evenly means that they differ by one at most: give what is left over to one client each."
FEWEST_DIGITS = 6  # that 25 images dealt at random show, of ten


def check(answer):
    """Check exercise 1."""
    labels = np.repeat(np.arange(10), 11)[:103]  # sorted: who does not shuffle is seen
    yield "103 images for four clients: each image is in one place"
    shares = dealt(answer.iid, labels, 4)
    yield "all parts are as large as each other"
    expect_even(shares)
    yield "the images are shuffled"
    for client, share in enumerate(shares):
        expect_shuffled(client, np.sort(share), labels)
    yield "rng alone decides who gets what"
    expect_decided_by_rng(answer.iid, labels, 4)
    for count, clients in ((101, 4), (9, 4), (100, 3)):
        yield f"{count} images for {clients} clients: each is in one place, all parts are as large"
        expect_even(dealt(answer.iid, labels[:count], clients))


def expect_even(shares):
    """Raise Wrong unless the `shares` are as large as each other."""
    sizes = [len(share) for share in shares]
    expect(max(sizes) - min(sizes) <= 1, f"The clients get {sizes} images. {EVENLY}")


def expect_shuffled(client, share, labels):
    """Raise Wrong if the sorted `share` of a client shows a pattern, where `labels` are sorted."""
    shuffle = "shuffle all of them before you cut."
    gaps = set(np.diff(share))
    block = f"Client {client} gets only images {share[0]} to {share[-1]}: {shuffle}"
    expect(gaps != {1}, block)
    expect(len(gaps) > 1, f"Client {client} gets every {max(gaps)}th image: {shuffle}")
    digits = len(np.unique(labels[share]))
    expect(digits >= FEWEST_DIGITS, f"Client {client} has {digits} of 10 digits: {shuffle}")


def dealt(function, labels, clients, seed=0):
    """Return the parts that `function` makes; raise Wrong unless each image is in one of them."""
    shares = call(function, labels, clients, np.random.default_rng(seed))
    is_list = isinstance(shares, (list, tuple, np.ndarray)) and len(shares) == clients
    expect(is_list, f"What comes back is {kind(shares)}, and has to be a list of {clients} arrays.")
    for client, share in enumerate(shares):
        is_flat = np.ndim(share) == 1 and np.asarray(share).dtype.kind in "iu"
        expect(is_flat, f"Client {client} gets {kind(share)}, and not one array of whole numbers.")
    expect_once(np.concatenate(shares), labels)
    return [np.asarray(share) for share in shares]


def expect_once(everything, labels):
    """Raise Wrong unless `everything` that is dealt out are the numbers of all images, each once."""
    count = len(labels)
    is_labels = same(np.sort(everything), np.sort(labels))
    expect(not is_labels, f"These are labels. Deal out the images' numbers, 0 to {count - 1}.")
    strange = everything[(everything < 0) | (everything >= count)]
    expect(len(strange) == 0, f"There is no image {some(strange)}: they go from 0 to {count - 1}.")
    times = np.bincount(everything, minlength=count)
    twice, never = np.flatnonzero(times > 1), np.flatnonzero(times == 0)
    expect(len(twice) == 0, f"Images that are in more than one place: {some(twice)}.")
    left_over = "What is left over after a division is somebody's, too"
    expect(len(never) == 0, f"Images that are nobody's: {some(never)}. {left_over}.")


def some(numbers):
    """Return the first few of an array of numbers, and how many there are."""
    first = ", ".join(map(str, numbers[:3]))
    return f"{first} ... ({len(numbers)} in all)" if len(numbers) > 3 else first


def expect_decided_by_rng(function, labels, clients):
    """Raise Wrong unless what `function` does depends on rng, and on nothing else that is random."""
    first, again, other = (
        [list(share) for share in call(function, labels, clients, np.random.default_rng(seed))]
        for seed in (0, 0, 1)
    )
    twice = (
        "The same seed deals differently the second time: draw from rng, so that all can repeat it."
    )
    expect(same(first, again), twice)
    expect(
        not same(first, other), "Another seed deals in the same way: draw from rng, which is given."
    )
