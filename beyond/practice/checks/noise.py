"""The check of exercise 10."""

import numpy as np

from beyond.differential_privacy.mechanism import clipped, private_mean
from beyond.practice.judge import call, compare, expect, same

CLIENTS, CLIP, Z = 5, 0.6, 1.5
DEVIATION = Z * CLIP / CLIENTS  # 0.18
SHAPES = ((100, 100), (100, 100), (50,))  # enough numbers for a deviation to be known within 1%
CLOSE = 0.03  # relative: how well a deviation is known


def check(answer):
    """Check exercise 10."""
    rng = np.random.default_rng(0)
    short = [rng.normal(size=(2, 3)) * 0.01, rng.normal(size=4) * 0.01]
    long = [array * 500 for array in short]
    yield "clipped: a short update stays as it is, and so does one of zeros"
    longer = {"only what is longer than the clip is scaled": clipped(long, CLIP)}
    for update in (short, [array * 0 for array in short]):
        compare(call(answer.clipped, update, CLIP), update, longer, "clipped(update, clip)")
    yield "clipped: a long one has the length of the clip, all arrays together"
    for clip in (2.0, CLIP):
        found, mistakes = call(answer.clipped, long, clip), miscut(long, clip)
        compare(found, clipped(long, clip), mistakes, "clipped(update, clip)")
    yield "clipped: whole numbers, such as a counter's, become zero"
    counted = [*long, np.arange(3)]
    found = call(answer.clipped, counted, CLIP)
    compare(found, clipped(counted, CLIP), miscounted(counted), "clipped(update, clip)")
    for updates in ([long, short], [long]):
        yield f"private_mean: the mean, when {len(updates)} of {CLIENTS} clients have answered"
        yield from private_steps(answer, updates)


def private_steps(answer, updates):
    """Take the steps of private_mean with the mean of `updates`, and with noise on as many zeros."""
    given = (updates, CLIENTS, CLIP, Z)
    found, again = (call(answer.private_mean, *given, np.zeros) for _ in range(2))
    expect(same(found, again), "It differs from call to call: take noise from normal(shape) only.")
    mistakes = mistakes_of_mean(*updates) if len(updates) > 1 else {}
    compare(found, private_mean(*given, np.zeros), mistakes, "Without noise, private_mean(...)")
    yield f"private_mean: its noise, when {len(updates)} of {CLIENTS} clients have answered"
    zeros = [[np.zeros(shape) for shape in SHAPES] for _ in updates]
    normal = np.random.default_rng(0).standard_normal
    noise = call(answer.private_mean, zeros, CLIENTS, CLIP, Z, normal)
    compare([array * 0 for array in noise], zeros[0], what="private_mean(...)")
    expect_noise([np.ravel(array) for array in noise], len(updates))


def expect_noise(noise, updates):
    """Raise Wrong unless flat arrays of `noise` are normal numbers, independent, and as large as is right."""
    numbers = np.concatenate(noise)
    nothing = "No number of yours comes from normal(shape), times what its deviation has to be."
    expect(numbers.any(), nothing)
    expect_apart(noise)
    mean, deviation = numbers.mean(), numbers.std()
    expect(abs(mean) < 0.05 * deviation, f"Your noise has the mean {mean:.2g}, not 0.")
    mistakes = mistakes_of_noise(updates).items()
    words = [words for words, made in mistakes if np.isclose(deviation, made, rtol=CLOSE, atol=0)]
    setting = f"With z {Z}, clip {CLIP} and {CLIENTS} clients, the noise's deviation"
    measured = f"{setting} is about {deviation:.3g} where {DEVIATION:.3g} is right"
    is_right = abs(deviation / DEVIATION - 1) < CLOSE
    expect(is_right, ": ".join([measured, *words[:1]]) + ".")
    largest = np.abs(numbers).max() / deviation  # 4 of 20,000 normal numbers
    expect(
        3.4 < largest < 6, "Your noise is not normal: its largest numbers are cut, or not there."
    )


def expect_apart(noise):
    """Raise Wrong if two numbers of the flat arrays `noise` are equal, up to their signs."""
    kinds = [len(np.unique(np.abs(array))) for array in noise]
    sizes = [len(array) for array in noise]
    draw = "draw normal(array.shape) anew for every array."
    expect(1 not in kinds, f"All numbers of an array get the same noise, or none: {draw}")
    expect(kinds == sizes, f"Some numbers of an array get the same noise: {draw}")
    everything = np.unique(np.abs(np.concatenate(noise)))
    expect(len(everything) == sum(sizes), f"Two arrays get the same noise: {draw}")


def length(update):
    """Return the L2 norm over all arrays."""
    return np.sqrt(sum(np.sum(np.square(array)) for array in update))


def miscut(update, clip):
    """Return {words: what a mistake makes of a long `update`}."""
    by_length = {
        words: [array * clip / wrong for array in update]
        for words, wrong in mislengths(update).items()
    }
    return {
        "it is not cut": update,
        "you cut each array by itself; the length is that over all together": [
            array * clip / length([array]) for array in update
        ],
        "you cut each number by itself; scale all by one factor": [
            np.clip(array, -clip, clip) for array in update
        ],
        "its length is 1: times clip": [array / length(update) for array in update],
        "its length is clip times as large: divide by the length": [
            array * clip for array in update
        ],
    } | by_length


def mislengths(update):
    """Return {words: what is taken for the length of an `update`}."""
    sizes = np.abs(np.concatenate([np.ravel(array) for array in update]))
    return {
        "the length is not the sum of the arrays' lengths": sum(length([one]) for one in update),
        "the length is a square root": length(update) ** 2,
        "that is the sum of all sizes (L1): square, add up, take the root": sizes.sum(),
        "that is the largest number's size: square all, add up, take the root": sizes.max(),
        "that is a mean of squares: add up, and divide by nothing": length(update)
        / len(sizes) ** 0.5,
    }


def miscounted(update):
    """Return {words: what a mistake makes of a long `update` whose last array are counts}."""
    floats, counts = update[:-1], update[-1]
    by_all = [array * CLIP / length(update) for array in floats]
    own_length = "counts are no part of the length: make them zero first"
    return {
        "these are counts": [*clipped(floats, CLIP), counts],
        own_length: [*by_all, counts * 0],
        f"{own_length}, and leave them so": [*by_all, counts * CLIP / length(update)],
    }


def mistakes_of_mean(long, short):
    """Return {words: what a mistake makes of the noiseless mean of two updates, with two more clients}."""
    total = [sum(pair) for pair in zip(clipped(long, CLIP), clipped(short, CLIP), strict=True)]
    raw = [sum(pair) for pair in zip(long, short, strict=True)]
    first = "clip each update first: in a mean of raw ones, a single client may be all of it"
    return {
        "divide by all clients, not by the updates that came": [array / 2 for array in total],
        "that is a sum: divide it by clients": total,
        "the updates are not clipped": [array / CLIENTS for array in raw],
        first: clipped([array / CLIENTS for array in raw], CLIP),
    }


def mistakes_of_noise(updates):
    """Return {words: the deviation that is made by a mistake}, where so many `updates` came."""
    return {
        "that is the noise on the sum; divide it by clients, too": Z * CLIP,
        "divide by all clients, not by the updates that came": Z * CLIP / updates,
        "neither clip nor clients are in it": Z,
        "normal(shape) has the deviation 1: multiply": 1.0,
        "it is added to every update, and the mean needs it once": DEVIATION * updates**0.5,
        "it is added to every update, the mean needs it once": DEVIATION * updates,
        "divide by clients, not by their root": Z * CLIP / CLIENTS**0.5,
        "it is divided by clients twice": DEVIATION / CLIENTS,
        "a root is one too many": DEVIATION**0.5,
        "clip is missing": Z / CLIENTS,
        "noise_multiplier is missing": CLIP / CLIENTS,
        "that is a variance, and normal wants a deviation": DEVIATION**2,
    }
