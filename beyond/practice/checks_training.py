"""The checks of exercises 4 to 6: what a client does, what it is told, and how the server tests."""

from functools import wraps

import numpy as np

import client
import server
from beyond.attacks.updates import LESSON, fresh_weights
from beyond.practice.judge import call, compare, expect, same, unlike
from model import evaluate, get_weights, make_model, set_weights, to_tensors, train
from support.command_line import parse_options
from support.options import run_server_options

CONFIG = {**LESSON, "server_round": 2, "local_epochs": 2, "batch_size": 16, "learning_rate": 0.08}
OWN, SENT = fresh_weights(1), fresh_weights(2)
COUNT = 48  # images of a client; noise is enough to see what is computed
OTHER_SHUFFLES = {
    "round": {"server_round": 3},
    "seed": {"seed": 8},
    "client": {"number": 4},
    "client in another round": {"number": 2, "server_round": 3},  # the same sum
}
WRONG_RATES = {
    "round 1 has the first rate, so the exponent is one less": [0.1, 0.05, 0.025, 0.0125],
    "nothing shrinks": [0.2] * 4,
    "all rounds have the same: where is server_round?": [0.1] * 4,
    "it grows: multiply by factor": [0.2, 0.4, 0.8, 1.6],
    "it shrinks once, and not from round to round": [0.2, 0.1, 0.1, 0.1],
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


def fit(answer):
    """Check exercise 4."""
    yield "training begins with the global model, and goes as config says"
    answer.train = watched(train)
    found, trained = fit_once(answer.FlowerClient)
    yield "three things come back: weights, the number of images, a dict of metrics"
    compare(found, (trained, COUNT, {}), mistakes_of_fit(found, trained), "fit(...)")
    expect(not same(trained, SENT), "The weights are those that were sent: nothing is trained.")
    fault = unlike(found, fit_once(client.FlowerClient)[0], "fit(...)")
    expect(not fault, fault)
    yield "a shuffle that depends on round, client and seed, and on nothing else"
    is_repeated = same(trained, fit_once(answer.FlowerClient)[1])
    expect(
        is_repeated,
        "The same round trains to other weights the second time: make a new rng in fit.",
    )
    for words, changes in OTHER_SHUFFLES.items():
        is_other = not same(trained, fit_once(answer.FlowerClient, **changes)[1])
        each = "shuffles in the same way: the seed of rng is a list of round, client and seed."
        expect(is_other, f"Another {words} {each}")


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


def watched(train):
    """Return `train` with an eye on it: it raises Wrong if it is called with other values than config's."""
    last = []

    @wraps(train)
    def watched_train(model, images, labels, epochs, rng, learning_rate, batch_size):
        mistakes = {
            "these are the client's own old ones: set_parameters comes first": OWN,
            "train was called before; it trains all epochs by itself": last,
        }
        compare(get_weights(model), SENT, mistakes, "When training begins, get_weights(model)")
        compare(len(labels), COUNT, what="The number of images that are trained on")
        given = {"local_epochs": epochs, "learning_rate": learning_rate, "batch_size": batch_size}
        for name, value in given.items():
            words = f"fit trains with {name} {value}; config says {CONFIG[name]}: read it there."
            expect(value == CONFIG[name], words)
        loss = train(model, images, labels, epochs, rng, learning_rate, batch_size)
        last[:] = get_weights(model)
        return loss

    return watched_train


def config(answer):
    """Check exercise 5."""
    yield "training_instructions returns a function"
    words = ["--local-epochs", 3, "--batch-size", 16, "--learning-rate", 0.2, "--seed", 7]
    args = parse_options(words, run_server_options())
    lesson = server.training_instructions(args)
    instructions = call(answer.training_instructions, args)
    compare(instructions, lesson, what="training_instructions(args)")
    yield "every round has all that fit reads"
    for number in (1, 2, 3):
        expect_config(call(instructions, number), lesson(number))
    yield from shrinking_steps(answer, lesson)


def shrinking_steps(answer, lesson):
    """Take the steps of with_shrinking_rate, around the lesson's instructions with the rate 0.2."""
    yield "a learning rate that shrinks from round to round"
    shrinking = call(answer.with_shrinking_rate, lesson, 0.5)
    compare(shrinking, lesson, what="with_shrinking_rate(...)")
    rates = [rate_in(call(shrinking, number), lesson(number)) for number in (1, 2, 3, 4)]
    compare(rates, [0.2, 0.1, 0.05, 0.025], WRONG_RATES, "The learning rate of rounds 1 to 4")
    yield "asked for round 2 again, it says the same"
    again = rate_in(call(shrinking, 2), lesson(2))
    expect(same(again, 0.1), f"This time it is {again:g}, not 0.1: compute it from server_round.")
    yield "the config of the function inside stays as it is"
    inside = lesson(3)
    call(call(answer.with_shrinking_rate, lambda server_round: inside, 0.5), 3)
    expect(inside == lesson(3), "Your function changes the dict that it was given: make a new one.")


def expect_config(found, expected):
    """Raise Wrong unless `found` has what is `expected`, and only what can travel."""
    what = f"The config of round {expected['server_round']}"
    compare(found, expected, what=what)
    for name, value in found.items():
        can_travel = isinstance(value, (bool, bytes, float, int, str))
        expect(can_travel, f"{what} has {name!r}, {value!r}: only numbers and texts can travel.")


def rate_in(found, lesson):
    """Return the learning rate in a config; raise Wrong unless all else is the lesson's."""
    rate = found.get("learning_rate") if isinstance(found, dict) else None
    is_number = isinstance(rate, (int, float, np.number))
    expect_config(found, {**lesson, "learning_rate": rate} if is_number else lesson)
    return rate


def evaluation(answer):
    """Check exercise 6."""
    yield "centralized_evaluation returns a function"
    images, labels = some_images()
    model = make_model()
    before = evaluate(model, *to_tensors(images, labels))
    lesson = server.centralized_evaluation(make_model(), images, labels)
    test = call(answer.centralized_evaluation, model, images, labels)
    compare(test, lesson, what="centralized_evaluation(...)")
    yield "loss and accuracy of the weights that it is given"
    for weights in (fresh_weights(4), fresh_weights(5)):
        found, right = call(test, 1, weights, {}), lesson(1, weights, {})
        mistakes = mistakes_of_evaluation(*right, *before)
        compare(found, right, mistakes, f"{test.__name__}(...)")


def mistakes_of_evaluation(loss, metrics, old_loss, old_accuracy):
    """Return {words: what a function returns with that mistake, instead of (loss, metrics)}."""
    accuracy = metrics["accuracy"]
    return {
        "the loss comes first, and then a dict": (accuracy, loss),
        "the loss comes first": (metrics, loss),
        "evaluate returns the loss, and then the accuracy": (accuracy, {"accuracy": loss}),
        "the model has its old weights: set_weights": (old_loss, {"accuracy": old_accuracy}),
        "the accuracy is a fraction, 1 at most": (loss, {"accuracy": 100 * accuracy}),
        "that is a count, and no fraction": (loss, {"accuracy": COUNT * accuracy}),
    }
