"""The checks of exercises 7, 9 and 10: faulty updates, what an update tells, and what hides it."""

import numpy as np
from flwr.common import Code, FitRes, Status, ndarrays_to_parameters
from flwr.server.strategy import FedAvg

from beyond.attacks.leakage import FC1_BIAS, FC2_BIAS, FC2_WEIGHT
from beyond.attacks.updates import fresh_weights, update_of
from beyond.differential_privacy.mechanism import clipped, private_mean
from beyond.practice.judge import call, compare, expect

CLIENTS, CLIP, Z = 4, 0.5, 1.5
DEVIATION = Z * CLIP / CLIENTS  # 0.1875


class Inside(FedAvg):
    """FedAvg that remembers what it was asked to average."""

    asked = None

    def aggregate_fit(self, server_round, results, failures):
        """Average, and remember."""
        self.asked = (server_round, results, failures)
        return super().aggregate_fit(server_round, results, failures)


def without_nan(answer):
    """Check exercise 7."""
    yield "three sound updates: all are averaged"
    expect_averaged(answer, {}, [0, 1, 2])
    yield "a NaN in one update: the two others are averaged"
    expect_averaged(answer, {0: np.nan}, [1, 2])
    yield "infinity in one update: the two others are averaged"
    expect_averaged(answer, {1: np.inf}, [0, 2])
    expect_averaged(answer, {1: -np.inf}, [0, 2])
    yield "NaN everywhere: the strategy inside is asked about none"
    expect_averaged(answer, dict.fromkeys(range(3), np.nan), [])


def expect_averaged(answer, faults, wanted):
    """Raise Wrong unless those of three updates that are `wanted`, by number, are averaged.

    `faults` are numbers of updates, with what is in the last place of their last array.
    """
    inside, failures, results = Inside(), [("client 3", "lost")], []
    for number in range(3):
        weights = [np.full((2, 3), number, np.float32), np.full(4, number, np.float32)]
        weights[1][3] = faults.get(number, number)
        sent = ndarrays_to_parameters(weights)
        results.append((f"client {number}", FitRes(Status(Code.OK, ""), sent, number + 1, {})))
    found = call(answer.WithoutNaN(inside).aggregate_fit, 4, results, failures)
    expect(
        inside.asked,
        "self.strategy is never asked to average: return self.strategy.aggregate_fit(...)",
    )
    server_round, passed, passed_failures = inside.asked
    names, faulty = (
        [client for client, _ in passed],
        {f"client {number}": faults[number] for number in faults},
    )
    for name in faulty.keys() & set(names):
        expect(
            False, f"The last place of {name}'s last array was {faulty[name]}, and it is averaged."
        )
    right = [f"client {number}" for number in wanted]
    compare(
        names,
        right,
        {"one has a fault, and the others go with it": []},
        "The list of those averaged",
    )
    expect(
        passed == [results[number] for number in wanted], "What is averaged is not what was sent."
    )
    compare((server_round, passed_failures), (4, failures), {}, "(server_round, failures)")
    expected = FedAvg().aggregate_fit(4, passed, failures)
    compare(found, expected, {}, "aggregate_fit(...)")


def label(answer):
    """Check exercise 9."""
    yield "ten updates, each of one image: which digit was it?"
    weights, rng = fresh_weights(), np.random.default_rng(0)
    images = rng.integers(0, 256, (10, 1, 28, 28), dtype=np.uint8)
    updates = [update_of(weights, images[digit], np.array([digit])) for digit in range(10)]
    found = [call(answer.label_of, update) for update in updates]
    found = [int(one) if isinstance(one, np.integer) else one for one in found]
    mistakes = {
        "that is the bias that fell most, and the true digit's rises": [
            np.argmin(update[FC2_BIAS]) for update in updates
        ],
        "that is the bias of fc1, with 64 units": [
            np.argmax(update[FC1_BIAS]) for update in updates
        ],
        "that is a place among fc2's 640 weights; its ten biases come after them": [
            np.argmax(update[FC2_WEIGHT]) for update in updates
        ],
        "that is how far the bias rose, and not which": [
            np.max(update[FC2_BIAS]) for update in updates
        ],
        "it is always the same": found[:1] * 10,
    }
    compare(found, list(range(10)), mistakes, "label_of(update)")


def noise(answer):
    """Check exercise 10."""
    rng = np.random.default_rng(0)
    short = [rng.normal(size=(2, 3)) * 0.01, rng.normal(size=4) * 0.01]
    long = [array * 500 for array in short]
    yield "clipped: a short update stays as it is"
    longer = {"only what is longer than the clip is scaled": clipped(long, CLIP)}
    compare(call(answer.clipped, short, CLIP), short, longer, "clipped(update, clip)")
    yield "clipped: a long one has the length of the clip, all arrays together"
    for clip in (2.0, CLIP):
        compare(
            call(answer.clipped, long, clip),
            clipped(long, clip),
            miscut(long, clip),
            "clipped(...)",
        )
    yield "private_mean: the mean of clipped updates, over all clients"
    found = call(answer.private_mean, [long, short], CLIENTS, CLIP, Z, np.zeros)
    right = private_mean([long, short], CLIENTS, CLIP, Z, np.zeros)
    compare(found, right, mistakes_of_mean(long, short), "Without noise, private_mean(...)")
    yield "private_mean: noise of the deviation that the accountant assumes"
    expect_noise(answer, [long, short], right)
    yield "private_mean: no update at all but one, and it is cut and noisy all the same"
    found = call(answer.private_mean, [long], CLIENTS, CLIP, Z, np.zeros)
    compare(found, private_mean([long], CLIENTS, CLIP, Z, np.zeros), {}, "private_mean(...)")


def length(update):
    """Return the L2 norm over all arrays."""
    return np.sqrt(sum(np.sum(np.square(array)) for array in update))


def miscut(update, clip):
    """Return {words: what a mistake makes of a long `update`}."""
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
        "the length is a square root": [array * clip / length(update) ** 2 for array in update],
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


def expect_noise(answer, updates, mean):
    """Raise Wrong unless every number of `mean` gets noise of its own, as large as is right."""
    shapes = []

    def ones(shape):
        shapes.append(tuple(np.atleast_1d(shape)))
        return np.ones(shape)

    found = call(answer.private_mean, updates, CLIENTS, CLIP, Z, ones)
    compare([np.zeros_like(array) for array in found], [np.zeros_like(array) for array in mean])
    added = np.concatenate([np.ravel(now - old) for now, old in zip(found, mean, strict=True)])
    mistakes = {
        "no number of yours comes from normal(shape)": 0.0,
        "that is the noise on the sum; divide it by clients, too": Z * CLIP,
        "divide by all clients, not by the updates that came": Z * CLIP / 2,
        "neither clip nor clients are in it": Z,
        "clip is missing": Z / CLIENTS,
        "noise_multiplier is missing": CLIP / CLIENTS,
        "that is a variance, and normal wants a deviation": DEVIATION**2,
        "it is added for every update, and the mean needs it once": 2 * DEVIATION,
    }
    compare(
        float(added.mean()),
        DEVIATION,
        mistakes,
        "The noise's deviation, with z 1.5, clip 0.5, 4 clients,",
    )
    wanted = [array.shape for array in mean]
    each = f"normal is asked for {shapes}, and the arrays are {wanted}: each number gets its own noise."
    expect(shapes == wanted, each)
