"""The clients in one process make the updates that the lesson's clients make; the means are what they say."""

import math

import numpy as np
import pytest

from beyond.price.grid import Point
from beyond.price.many_clients import LessonCrowd
from beyond.price.training import MEANS, models_of, noise_of
from client import FlowerClient
from model import get_weights, make_model, to_tensors

RNG = np.random.default_rng(7)
IMAGES, LABELS = RNG.integers(0, 256, (90, 28, 28), np.uint8), RNG.integers(0, 10, 90)


@pytest.fixture(scope="module")
def crowd():
    tensors = to_tensors(IMAGES, LABELS)
    return LessonCrowd(tensors, tensors, np.split(np.arange(90), 3), learning_rate=0.05)


def test_clients_with_the_lessons_network_train_as_its_own_do(crowd):
    weights = crowd.first_weights(seed=4)
    config = {"seed": 0, "server_round": 2, "local_epochs": 1, "batch_size": 32}
    for number, update in enumerate(crowd.updates(weights, 2)):
        own = slice(30 * number, 30 * (number + 1))
        client = FlowerClient(number, make_model(), IMAGES[own], LABELS[own])
        new, _, _ = client.fit(weights, {**config, "learning_rate": 0.05})
        for mine, after, before in zip(update, new, weights, strict=True):
            np.testing.assert_array_equal(mine, after - before)


def test_the_lessons_network_begins_with_the_weights_of_the_seed(crowd):
    same, other = crowd.first_weights(seed=4), crowd.first_weights(seed=5)
    for mine, again, another in zip(crowd.first_weights(seed=4), same, other, strict=True):
        np.testing.assert_array_equal(mine, again)
        assert not np.array_equal(mine, another)
    shapes = [array.shape for array in get_weights(make_model())]
    assert [array.shape for array in same] == shapes


class OnePull:
    """Four clients that always send the same two arrays, in all of the length 5."""

    def first_weights(self, seed):
        return [np.zeros(2, np.float32), np.zeros((100, 100), np.float32)]

    def updates(self, weights, server_round):
        return [[np.array([3.0, 4.0]), np.zeros((100, 100))]] * 4


def last_model(privacy, clip, noise_multiplier, rounds=1, seed=0):
    point = Point("edges", privacy, 10, "iid", 8.0, seed)
    settings = {"rounds": rounds, "clip": clip}
    return list(models_of(OnePull(), settings, noise_multiplier, point))[-1]


def test_without_noise_the_mean_is_that_of_the_clipped_updates():
    pull, rest = last_model("none", clip=1.0, noise_multiplier=0.0, rounds=3)
    np.testing.assert_allclose(pull, [3 * 0.6, 3 * 0.8], rtol=1e-6)
    assert not rest.any()


def test_without_a_clip_updates_stay_as_they_are():
    pull, _ = last_model("none", clip=np.inf, noise_multiplier=0.0)
    np.testing.assert_array_equal(pull, [3, 4])


# What is divided by, by hand: 4 clients share the noise on the sum; the mean of 4 noises of their own is
# half as wide, and each is twice as wide as that on the sum.
@pytest.mark.parametrize("privacy, deviation", [("central", 3.0 * 0.5 / 4), ("local", 3.0 * 0.5)])
def test_noise_is_as_wide_as_it_is_to_be(privacy, deviation):
    _, rest = last_model(privacy, clip=0.5, noise_multiplier=3.0)
    assert rest.std() == pytest.approx(deviation, rel=0.03)


def test_every_round_has_noise_of_its_own_and_another_seed_other_noise():
    point = Point("edges", "central", 10, "iid", 8.0, seed=0)
    first, second = models_of(OnePull(), {"rounds": 2, "clip": 0.5}, 3.0, point)
    other = last_model("central", clip=0.5, noise_multiplier=3.0, seed=1)
    for noise in (second[1] - first[1], other[1]):
        assert abs(np.corrcoef(first[1].ravel(), noise.ravel())[0, 1]) < 0.05


def test_only_what_has_noise_has_a_guarantee_and_its_noise_is_for_all_rounds():
    assert set(MEANS) == {"central", "local", "none"}
    assert noise_of(Point("edges", "none", 10, "iid", 8.0, 0), 40) == 0
    mu = math.sqrt(40) / noise_of(Point("edges", "local", 10, "iid", 8.0, 0), 40)
    assert mu == pytest.approx(2.45, abs=0.01)  # which costs epsilon 8 at delta 0.01
