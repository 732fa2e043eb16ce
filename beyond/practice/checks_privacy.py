"""The checks of exercises 7, 9 and 10: faulty updates, what an update tells, and what hides it."""

import numpy as np
from flwr.common import Code, FitRes, Status, ndarrays_to_parameters
from flwr.server.strategy import FedAvg

from beyond.attacks.leakage import FC1_BIAS, FC2_BIAS, FC2_WEIGHT
from beyond.attacks.updates import fresh_weights, update_of
from beyond.differential_privacy.mechanism import clipped, private_mean
from beyond.practice.judge import call, compare, expect, same

CLIENTS, CLIP, Z = 5, 0.5, 1.5
DEVIATION = Z * CLIP / CLIENTS  # 0.15


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
    inside, failures = Inside(), [("client 3", "lost")]
    results = [result_of(number, faults.get(number, number)) for number in range(3)]
    found = call(answer.WithoutNaN(inside).aggregate_fit, 4, results, failures)
    expect(inside.asked, "self.strategy.aggregate_fit(...) is never called: who averages?")
    server_round, passed, passed_failures = inside.asked
    names = [client for client, _ in passed]
    for number, fault in faults.items():
        averaged = f"The last number that client {number} has sent is {fault}, and it is averaged"
        expect(
            f"client {number}" not in names, f"{averaged}: so is the model of all, from then on."
        )
    sound = [results[number] for number in wanted]
    alone = {"one has a fault, and the others go with it": []}
    compare(names, [client for client, _ in sound], alone, "The list of those averaged")
    expect(passed == sound, "What is averaged is not what was sent.")
    compare((server_round, passed_failures), (4, failures), what="(server_round, failures)")
    compare(found, FedAvg().aggregate_fit(4, passed, failures), what="aggregate_fit(...)")


def result_of(number, last):
    """Return a pair (client, FitRes), with `last` in the last place of its last array."""
    weights = [np.full((2, 3), number, np.float32), np.append(np.zeros(3), last)]
    sent = ndarrays_to_parameters(weights)
    return f"client {number}", FitRes(Status(Code.OK, ""), sent, number + 1, {})


def label(answer):
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
        found, mistakes = call(answer.clipped, long, clip), miscut(long, clip)
        compare(found, clipped(long, clip), mistakes, "clipped(update, clip)")
    yield "clipped: whole numbers, such as a counter's, become zero"
    counted = [*long, np.arange(3)]
    kept = {"these are counts": [*clipped(long, CLIP), counted[-1]]}
    compare(
        call(answer.clipped, counted, CLIP), clipped(counted, CLIP), kept, "clipped(update, clip)"
    )
    for updates in ([long, short], [long]):
        yield f"private_mean: the mean, when {len(updates)} of {CLIENTS} clients have answered"
        yield from private_steps(answer, (updates, CLIENTS, CLIP, Z))


def private_steps(answer, given):
    """Take the steps of private_mean; `given` are its arguments before the last."""
    found, again = (call(answer.private_mean, *given, np.zeros) for _ in range(2))
    expect(same(found, again), "It differs from call to call: take noise from normal(shape) only.")
    mean, updates = private_mean(*given, np.zeros), given[0]
    mistakes = mistakes_of_mean(*updates) if len(updates) > 1 else {}
    compare(found, mean, mistakes, "Without noise, private_mean(...)")
    yield f"private_mean: its noise, when {len(updates)} of {CLIENTS} clients have answered"
    expect_noise(answer, given, mean)


def length(update):
    """Return the L2 norm over all arrays."""
    return np.sqrt(sum(np.sum(np.square(array)) for array in update))


def miscut(update, clip):
    """Return {words: what a mistake makes of a long `update`}."""
    return {
        "it is not cut": update,
        "the length is not the sum of the arrays' lengths": [
            array * clip / sum(length([one]) for one in update) for array in update
        ],
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


def expect_noise(answer, given, mean):
    """Raise Wrong unless every number of `mean` gets noise of its own, as large as is right."""
    shapes = []

    def ones(shape):
        shapes.append(np.zeros(shape).shape)
        return np.ones(shape)

    found = call(answer.private_mean, *given, ones)
    compare([array * 0 for array in found], [array * 0 for array in mean], what="private_mean(...)")
    added = [np.ravel(now - old) for now, old in zip(found, mean, strict=True)]
    deviation = float(np.concatenate(added).mean())
    setting = f"With z {Z}, clip {CLIP} and {CLIENTS} clients, the noise's deviation"
    compare(deviation, DEVIATION, mistakes_of_noise(len(given[0])), setting)
    wanted = [array.shape for array in mean]
    each = f"normal is asked for {shapes}; arrays are {wanted}: each number gets its own noise."
    expect(shapes == wanted, each)


def mistakes_of_noise(updates):
    """Return {words: the deviation that is made by a mistake}, where so many `updates` came."""
    return {
        "no number of yours comes from normal(shape)": 0.0,
        "that is the noise on the sum; divide it by clients, too": Z * CLIP,
        "divide by all clients, not by the updates that came": Z * CLIP / updates,
        "neither clip nor clients are in it": Z,
        "normal(shape) has the deviation 1: multiply": 1.0,
        "it is added to every update, and the mean needs it once": DEVIATION * updates,
        "a root is one too many": DEVIATION**0.5,
        "clip is missing": Z / CLIENTS,
        "noise_multiplier is missing": CLIP / CLIENTS,
        "that is a variance, and normal wants a deviation": DEVIATION**2,
    }
