"""The checks of exercises 1, 2, 3 and 8: images dealt out, weights as arrays, and their mean."""

import numpy as np
import torch
from torch import nn

import model as lesson
from beyond.practice.judge import Wrong, call, compare, expect, kind, same

SHARED = "changes when the model trains on, because it shares the model's memory: copy it."
NUMBERS, IMAGES = [0.20, 0.50, -0.10], [6000, 3000, 1000]  # as in the lesson, Part 1
TOTAL = np.dot(NUMBERS, IMAGES)
WRONG_MEANS = {
    "the client with 1,000 images counts as much as the one with 6,000": np.mean(NUMBERS),
    "that is a sum, and no mean": sum(NUMBERS),
    "the sum of number times images is still to be divided": TOTAL,
    "divide by all images together, not by the number of clients": TOTAL / 3,
    "// leaves out what comes after the point": TOTAL // sum(IMAGES),
    "the first number goes with the first count": np.average(NUMBERS, weights=IMAGES[::-1]),
}


def deal(answer):
    """Check exercise 1."""
    labels = np.repeat(np.arange(10), 11)[:103]  # sorted: who does not shuffle is seen
    yield "103 images for four clients: each image is in one place"
    shares = dealt(answer.iid, labels, 4)
    yield "all parts are as large as each other"
    sizes = [len(share) for share in shares]
    even = (
        "Evenly means that they differ by one at most: give what is left over to one client each."
    )
    expect(max(sizes) - min(sizes) <= 1, f"The clients get {sizes} images. {even}")
    yield "the images are shuffled"
    as_they_lie = (
        f"Client 0 gets the images {shares[0][:4]} ..., as they lie: shuffle before you deal."
    )
    expect(any((np.diff(share) < 0).any() for share in shares), as_they_lie)
    yield "rng alone decides who gets what"
    expect_decided_by_rng(answer.iid, labels, 4)


def shards(answer):
    """Check exercise 8."""
    labels = np.random.default_rng(0).permutation(np.repeat(np.arange(10), 24))
    yield "240 images for ten clients: each image is in one place"
    shares = dealt(answer.shards, labels, 10)
    yield "two shards a client, all as large as each other"
    sizes = [len(share) for share in shares]
    expect(set(sizes) == {24}, f"The clients get {sizes} images; each is to get two shards of 12.")
    yield "two digits a client"
    digits = [np.unique(labels[share]) for share in shares]
    said = f"The clients have {[len(one) for one in digits]} digits."
    side_by_side = "Two shards that lie side by side show one digit: deal them out in random order."
    expect(max(map(len, digits)) > 1, f"{said} {side_by_side}")
    expect(max(map(len, digits)) <= 2, f"{said} Two at most are right: sort by label, then cut.")
    apart = {one[-1] - one[0] for one in digits}
    pattern = f"The two digits of a client are always {max(apart)} apart: deal in random order."
    expect(len(apart) > 1, pattern)
    yield "rng alone decides who gets what"
    expect_decided_by_rng(answer.shards, labels, 10)
    yield "235 images: what is left over is somebody's, too"
    dealt(answer.shards, labels[:-5], 10)


def dealt(function, labels, clients):
    """Return the parts that `function` makes; raise Wrong unless each image is in one of them."""
    shares = call(function, labels, clients, np.random.default_rng(0))
    is_list = isinstance(shares, (list, tuple, np.ndarray)) and len(shares) == clients
    expect(is_list, f"What comes back is {kind(shares)}, and has to be a list of {clients} arrays.")
    for client, share in enumerate(shares):
        is_flat = np.ndim(share) == 1 and np.asarray(share).dtype.kind in "iu"
        expect(is_flat, f"Client {client} gets {kind(share)}, and not one array of whole numbers.")
    expect_once(np.concatenate(shares), labels)
    return shares


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


def weights(answer):
    """Check exercise 2."""
    yield "get_weights: a list of arrays, one for each entry of the state_dict"
    model = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))
    found = call(answer.get_weights, model)
    expect(not isinstance(found, dict), "get_weights returns a dict; the names do not travel.")
    is_short = isinstance(found, list) and len(found) == len(list(model.parameters()))
    expect(not is_short, "parameters() leaves out batch normalisation's statistics: state_dict().")
    compare(found, lesson.get_weights(model), what="get_weights(model)")
    yield "get_weights: copies, which stay as they are while the model trains on"
    change(model)
    is_own = not same(found, lesson.get_weights(model))
    expect(is_own, f"What get_weights returned {SHARED}")
    yield from setting_steps(answer, model, found)


def setting_steps(answer, model, wanted):
    """Take the steps of set_weights, with weights that `model` does not have."""
    yield "set_weights: the model has the new weights"
    before, kept = lesson.get_weights(model), [array.copy() for array in wanted]
    call(answer.set_weights, model, wanted)
    mistakes = {
        "it is as it was: what is put into state_dict() reaches it by load_state_dict": before,
        "parameters() leaves out batch normalisation's statistics": wanted[:4] + before[4:],
    }
    compare(lesson.get_weights(model), wanted, mistakes, "The model")
    yield "set_weights: the model's weights are its own"
    change(model)
    expect(same(kept, wanted), f"What the model was given {SHARED}")
    yield "set_weights: too many arrays are refused"
    try:
        call(answer.set_weights, model, [*wanted, wanted[0]])
    except (ValueError, RuntimeError):
        return
    raise Wrong("A larger model's arrays are taken without a word: zip(..., strict=True) raises.")


def change(model):
    """Change all weights of `model` in place, as training does."""
    with torch.no_grad():
        for tensor in model.state_dict().values():
            tensor.add_(1)


def fedavg(answer):
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
