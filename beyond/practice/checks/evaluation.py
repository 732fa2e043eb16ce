"""The check of exercise 6."""

import numpy as np
import torch
from torch import nn

import server
from beyond.practice.checks.fit import some_images
from beyond.practice.judge import call, compare, name_of
from model import evaluate, get_weights, set_weights, to_tensors


def check(answer):
    """Check exercise 6."""
    yield "centralized_evaluation returns a function"
    images, labels = some_images()
    model, old = make_model(), weights_of(3)
    set_weights(model, old)
    lesson = server.centralized_evaluation(make_model(), images, labels)
    test = call(answer.centralized_evaluation, model, images, labels)
    compare(test, lesson, what="centralized_evaluation(...)")
    yield "loss and accuracy of the weights that it is given, from round 0"
    for server_round in (0, 1, 7):
        weights = weights_of(4 + server_round)
        found, right = call(test, server_round, weights, {}), lesson(server_round, weights, {})
        mistakes = mistakes_of_returning(*right) | mistakes_of_testing(weights, old, images, labels)
        compare(found, right, mistakes, f"{name_of(test)}(...)")
        after = "After the test, get_weights(model)"
        trained = "a test changes no weights: the test images would train the model"
        compare(get_weights(model), weights, {trained: get_weights(model)}, after)
        old = weights


def make_model():
    """Return a network that says other things while it trains, and learns from what it sees then."""
    return nn.Sequential(
        nn.Conv2d(1, 4, kernel_size=5, stride=4),
        nn.BatchNorm2d(4),
        nn.Flatten(),
        nn.Linear(144, 10),
    )


def weights_of(seed):
    """Return weights of make_model, large enough for losses that differ."""
    torch.manual_seed(seed)
    return [np.asarray(array * 3) for array in get_weights(make_model())]


def evaluated(weights, pixels, labels, is_training=False):
    """Return (loss, {"accuracy": ...}) of `weights` on tensors; `is_training` is how not to do it."""
    model = make_model()
    set_weights(model, weights)
    if is_training:
        model.eval = lambda: None
    loss, accuracy = evaluate(model, pixels, labels)
    return loss, {"accuracy": accuracy}


def mistakes_of_returning(loss, metrics):
    """Return {words: what a function returns with that mistake, instead of (loss, metrics)}."""
    accuracy, count = metrics["accuracy"], len(some_images()[1])
    return {
        "the loss comes first, and then a dict": (accuracy, loss),
        "the loss comes first": (metrics, loss),
        "evaluate returns the loss, and then the accuracy": (accuracy, {"accuracy": loss}),
        "the accuracy is a fraction, 1 at most": (loss, {"accuracy": 100 * accuracy}),
        "that is a count, and no fraction": (loss, {"accuracy": count * accuracy}),
        "that is a sum over all images: divide it by their number": (count * loss, metrics),
    }


def mistakes_of_testing(weights, old, images, labels):
    """Return {words: what a function returns that tests something else than `weights` on these images}."""
    pixels, labels = to_tensors(images, labels)
    raw = torch.from_numpy(images).unsqueeze(1).float()
    return {
        "the model has its old weights (set_weights), or the result is an old one": evaluated(
            old, pixels, labels
        ),
        "the model is as in training: evaluate, or model.eval()": evaluated(
            weights, pixels, labels, is_training=True
        ),
        "the pixels go from 0 to 255: to_tensors": evaluated(weights, raw, labels),
        "the pixels go from 0 to 1: to_tensors": evaluated(weights, raw / 255, labels),
    }
