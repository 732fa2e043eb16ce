"""The check of exercise 4."""

from functools import wraps
from unittest.mock import patch

import numpy as np

import client
import model as lesson
from beyond.attacks.updates import LESSON, fresh_weights
from beyond.practice.judge import call, compare, expect, expect_dtypes, kind, same, unlike
from model import get_weights, make_model, set_weights, to_tensors, train

CONFIG = {**LESSON, "server_round": 2, "local_epochs": 2, "batch_size": 16, "learning_rate": 0.08}
OWN, SENT = fresh_weights(1), fresh_weights(2)
COUNT = 48  # images of a client; noise is enough to see what is computed
LONGEST_TEXT = 40  # characters of a metric
OTHER_SHUFFLES = {
    "round": {"server_round": 3},
    "seed": {"seed": 8},
    "client": {"number": 4},
    "client in another round": {"number": 2, "server_round": 3},  # the same sum
}


def some_images():
    """Return images of noise, and labels: uint8 (COUNT, 28, 28), int64 (COUNT,)."""
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (COUNT, 28, 28), dtype=np.uint8), rng.integers(0, 10, COUNT)


def fit_once(make_client, number=3, **changes):
    """Return (what fit returns, its model's weights) of a client that has OWN, and is sent SENT."""
    one = make_client(number, make_model(), *some_images())
    set_weights(one.model, OWN)
    found = call(one.fit, [array.copy() for array in SENT], {**CONFIG, **changes})
    return found, get_weights(one.model)


def check(answer):
    """Check exercise 4."""
    last = []
    watched_train = watched(train, last)
    for name in [name for name, value in vars(answer).items() if value is train]:
        setattr(answer, name, watched_train)
    with patch.object(lesson, "train", watched_train):
        yield from steps(answer, last)


def steps(answer, last):
    """Take the steps; `last` has the weights after the last training, when there was one."""
    yield "training begins with the global model, and goes as config says"
    found, trained = fit_once(answer.FlowerClient)
    unseen = "fit never calls train(...) of model.py: the check cannot see how you train."
    expect(last, unseen)
    yield "three things come back: weights, the number of images, a dict of metrics"
    compare(found, (trained, COUNT, {}), mistakes_of_fit(found, trained), "fit(...)")
    expect(not same(trained, SENT), "The weights are those that were sent: nothing is trained.")
    fault = unlike(found, fit_once(client.FlowerClient)[0], "fit(...)")
    expect(not fault, fault)
    expect_dtypes(found[0], trained, "fit(...)[0]")
    expect_private(found[2])
    yield "a shuffle that depends on round, client and seed, and on nothing else"
    again = "The same round trains to other weights the second time: make a new rng in fit."
    expect(same(trained, fit_once(answer.FlowerClient)[1]), again)
    for words, changes in OTHER_SHUFFLES.items():
        is_other = not same(trained, fit_once(answer.FlowerClient, **changes)[1])
        each = "shuffles in the same way: the seed of rng is a list of round, client and seed."
        expect(is_other, f"Another {words} {each}")


def expect_private(metrics):
    """Raise Wrong unless `metrics` are single numbers and short texts, which tell little of the data."""
    for name, value in metrics.items():
        is_small = isinstance(value, (bool, int, float)) or (
            isinstance(value, str) and len(value) <= LONGEST_TEXT
        )
        held = f"Your metrics hold {name!r}, {kind(value, is_part=True)}"
        words = "What fit returns leaves the client: a metric has to be a number or a short text."
        expect(is_small, f"{held}. {words}")


def mistakes_of_fit(found, trained):
    """Return {words: what fit returns with that mistake}; what else is wrong is taken as it was `found`."""
    update = [after - before for after, before in zip(trained, SENT, strict=True)]
    rest = found[1:] if isinstance(found, tuple) else ()
    counts = {
        "that is once for every epoch, and an image that is seen twice is one image": 2 * COUNT,
        "that is the number of batches": COUNT // CONFIG["batch_size"],
    }
    return {
        "these weights were sent, before or without training": (SENT, *rest),
        "these are the client's old weights: take them after the training": (OWN, *rest),
        "that is what has changed, and the server averages whole models": (update, *rest),
    } | {words: (trained, count, {}) for words, count in counts.items()}


def watched(train, last):
    """Return `train` with an eye on it: it raises Wrong if it is called with other values than config's.

    `last` gets the weights after each training.
    """

    @wraps(train)
    def watched_train(model, images, labels, epochs, rng, learning_rate, batch_size):
        mistakes = {
            "these are the client's own old ones: set_parameters comes first": OWN,
            "train was called before; it trains all epochs by itself": last,
        }
        compare(get_weights(model), SENT, mistakes, "When training begins, get_weights(model)")
        expect_own_images(images, labels)
        given = {"local_epochs": epochs, "learning_rate": learning_rate, "batch_size": batch_size}
        for name, value in given.items():
            words = f"fit trains with {name} {value}; config says {CONFIG[name]}: read it there"
            all_of_them = "; train does all epochs by itself" * (name == "local_epochs")
            expect(value == CONFIG[name], f"{words}{all_of_them}.")
        loss = train(model, images, labels, epochs, rng, learning_rate, batch_size)
        last[:] = get_weights(model)
        return loss

    return watched_train


def expect_own_images(images, labels):
    """Raise Wrong unless tensors hold the client's own images, in any order, each with its label."""
    compare(len(labels), COUNT, what="The number of images that are trained on")
    pixels, right = to_tensors(*some_images())
    own = {image.numpy().tobytes(): int(label) for image, label in zip(pixels, right, strict=True)}
    given = [own.pop(image.numpy().tobytes(), None) for image in images]
    other = "These are not the client's own images, each of them once: train with self.images."
    expect(None not in given, other)
    expect(given == labels.tolist(), "The labels no longer belong to these images.")
