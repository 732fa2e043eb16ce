"""One image moves a step by no more than the clip, and the noise is as large as was asked for."""

from copy import deepcopy
from operator import mul

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from beyond.example_privacy import dp_sgd
from beyond.example_privacy.accountant import Plan
from beyond.example_privacy.dp_sgd import (
    SystemRandom,
    clipped_sum,
    per_example_gradients,
    poisson_sample,
    private_gradient,
    train_privately,
)
from model import CNN, get_weights

IMAGES = torch.randn(20, 1, 28, 28, generator=torch.Generator().manual_seed(1))
LABELS = torch.arange(20) % 10
NONE, ALL = torch.arange(0), torch.arange(20)


@pytest.fixture
def model():
    torch.manual_seed(0)
    return CNN()


def flat(tensors):
    """Return all numbers in one tensor."""
    return torch.cat([torch.as_tensor(each).flatten().double() for each in tensors])


def single_gradients(model):
    """Return each image's gradients by an ordinary backward pass."""
    found = []
    for image, label in zip(IMAGES, LABELS, strict=True):
        model.zero_grad()
        F.cross_entropy(model(image.unsqueeze(0)), label.unsqueeze(0)).backward()
        found.append([weight.grad.clone() for weight in model.parameters()])
    return found


def noiseless(model, chosen, clip=0.5):
    return private_gradient(model, IMAGES, LABELS, chosen, clip, 0.0, SystemRandom())


def test_gradients_of_all_images_are_those_of_single_backward_passes(model):
    found = list(per_example_gradients(model, IMAGES, LABELS).values())
    expected = list(map(torch.stack, zip(*single_gradients(model), strict=True)))
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("clip", [0.01, 0.5, 100.0])
def test_every_image_counts_with_its_clipped_gradient(model, clip):
    alone = single_gradients(model)
    scales = [min(1.0, clip / flat(gradients).norm().item()) for gradients in alone]
    expected = [sum(map(mul, scales, each)) for each in zip(*alone, strict=True)]
    torch.testing.assert_close(noiseless(model, ALL, clip), expected, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
def test_one_image_more_moves_the_sum_by_at_most_the_clip(scale):
    rows = [scale * torch.randn(30, *shape) for shape in ((4, 3), (5,))]
    with_it, without = clipped_sum(rows, 0.5), clipped_sum([each[1:] for each in rows], 0.5)
    assert (flat(with_it) - flat(without)).norm() <= 0.5 * (1 + 1e-4)


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), 1e30])
def test_a_gradient_that_is_not_finite_counts_as_nothing(bad):
    rows = [torch.ones(3, 2), torch.ones(3, 4)]
    rows[0][1, 0] = bad
    sound = clipped_sum([each[[0, 2]] for each in rows], 1.0)
    torch.testing.assert_close(clipped_sum(rows, 1.0), sound)


@pytest.mark.parametrize("factor", [1e12, 1e30, float("nan")])
def test_weights_made_to_overflow_get_no_more_out_of_an_image(model, factor):
    with torch.no_grad():
        model.fc1.weight *= factor
    with_it, without = flat(noiseless(model, ALL)), flat(noiseless(model, ALL[:-1]))
    assert (with_it - without).norm() <= 0.5 * (1 + 1e-4)


@pytest.mark.parametrize("count", [1, 7, 20])
def test_memory_is_bounded_and_the_sum_the_same(model, count, monkeypatch):
    at_once = noiseless(model, ALL[:count])
    monkeypatch.setattr(dp_sgd, "CHUNK", 3)
    torch.testing.assert_close(noiseless(model, ALL[:count]), at_once, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    "rng", [SystemRandom(), np.random.default_rng(3)], ids=["system", "seeded"]
)
@pytest.mark.parametrize("chosen", [NONE, ALL], ids=["none", "all"])
def test_the_noise_has_the_standard_deviation_that_was_asked_for(model, rng, chosen):
    clean = noiseless(model, chosen)
    noisy, again = (
        private_gradient(model, IMAGES, LABELS, chosen, 0.5, 3.0, rng) for _ in range(2)
    )
    noise = flat(noisy) - flat(clean)
    # 46,730 draws: their standard deviation is known to 0.33 %, and 1.5 % is more than four times that.
    assert noise.std().item() == pytest.approx(3.0 * 0.5, rel=0.015)
    assert abs(noise.mean().item()) < 5 * 1.5 / len(noise) ** 0.5
    assert not torch.equal(noisy[0], again[0])


@pytest.mark.parametrize("rate, batches", [(0.3, 400), (0.01, 400), (1.0, 3)])
def test_each_image_is_drawn_by_itself_with_the_rate(rate, batches):
    drawn = np.zeros((batches, 500))
    for row in drawn:
        row[poisson_sample(500, rate, SystemRandom())] = 1
    sizes, deviation = drawn.sum(axis=1), (500 * rate * (1 - rate)) ** 0.5
    assert sizes.mean() == pytest.approx(500 * rate, abs=5 * deviation / batches**0.5)
    # The sizes of batches vary as they have to, and so does how often an image is drawn.
    assert sizes.std() == pytest.approx(deviation, rel=0.25)
    assert drawn.mean(axis=0).std() == pytest.approx((rate * (1 - rate) / batches) ** 0.5, rel=0.25)


@pytest.mark.parametrize("rate", [1e-9, 0.5])
def test_a_step_is_noise_over_the_expected_number_of_images_also_if_none_is_drawn(model, rate):
    before = flat(get_weights(model))
    nothing = torch.full_like(IMAGES, float("nan"))  # which counts as that
    plan = Plan(rate, 2.0, 1)
    train_privately(model, nothing, LABELS, plan, 0.5, 0.1, np.random.default_rng(0))
    moved = flat(get_weights(model)) - before
    assert moved.std().item() == pytest.approx(0.1 * 2.0 * 0.5 / (rate * 20), rel=0.015)


def test_without_noise_and_clip_it_is_plain_gradient_descent(model):
    plain = deepcopy(model)
    train_privately(model, IMAGES, LABELS, Plan(1.0, 0.0, 3), 1e9, 0.1, SystemRandom())
    optimizer = torch.optim.SGD(plain.parameters(), lr=0.1, momentum=0.9)
    for _ in range(3):
        optimizer.zero_grad()
        F.cross_entropy(plain(IMAGES), LABELS).backward()
        optimizer.step()
    torch.testing.assert_close(get_weights(model), get_weights(plain), rtol=1e-7, atol=1e-5)
