"""One image moves a step by no more than the clip, and the noise is as large as was asked for."""

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

NONE = torch.arange(0)


@pytest.fixture
def model():
    torch.manual_seed(0)
    return CNN()


@pytest.fixture
def images():
    return torch.randn(20, 1, 28, 28, generator=torch.Generator().manual_seed(1))


@pytest.fixture
def labels():
    return torch.arange(20) % 10


def length(tensors):
    """Return the L2 norm over all tensors."""
    return torch.cat([each.flatten().double() for each in tensors]).norm().item()


def single_gradients(model, image, label):
    """Return one image's gradients by an ordinary backward pass."""
    model.zero_grad()
    F.cross_entropy(model(image.unsqueeze(0)), label.unsqueeze(0)).backward()
    return [weight.grad.clone() for weight in model.parameters()]


def noiseless(model, images, labels, chosen, clip):
    return private_gradient(model, images, labels, chosen, clip, 0.0, SystemRandom())


def test_gradients_of_all_images_are_those_of_single_backward_passes(model, images, labels):
    found = list(per_example_gradients(model, images, labels).values())
    for number, (image, label) in enumerate(zip(images, labels, strict=True)):
        alone = single_gradients(model, image, label)
        for mine, theirs in zip(found, alone, strict=True):
            torch.testing.assert_close(mine[number], theirs, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("clip", [0.01, 0.5, 100.0])
def test_every_image_counts_with_its_clipped_gradient(model, images, labels, clip):
    expected = [torch.zeros_like(weight) for weight in model.parameters()]
    for image, label in zip(images, labels, strict=True):
        alone = single_gradients(model, image, label)
        scale = min(1.0, clip / length(alone))
        expected = [old + scale * new for old, new in zip(expected, alone, strict=True)]
    found = noiseless(model, images, labels, torch.arange(20), clip)
    for mine, theirs in zip(found, expected, strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
def test_one_image_more_moves_the_sum_by_at_most_the_clip(scale):
    rows = [scale * torch.randn(30, *shape) for shape in ((4, 3), (5,))]
    with_it, without = clipped_sum(rows, 0.5), clipped_sum([each[1:] for each in rows], 0.5)
    assert length([a - b for a, b in zip(with_it, without, strict=True)]) <= 0.5 * (1 + 1e-4)


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), 1e30])
def test_a_gradient_that_is_not_finite_counts_as_nothing(bad):
    rows = [torch.ones(3, 2), torch.ones(3, 4)]
    rows[0][1, 0] = bad
    sound = clipped_sum([each[[0, 2]] for each in rows], 1.0)
    for mine, theirs in zip(clipped_sum(rows, 1.0), sound, strict=True):
        torch.testing.assert_close(mine, theirs)


@pytest.mark.parametrize("factor", [1e12, 1e30, float("nan")])
def test_weights_made_to_overflow_get_no_more_out_of_an_image(model, images, labels, factor):
    with torch.no_grad():
        model.fc1.weight *= factor
    with_it = noiseless(model, images, labels, torch.arange(20), 0.5)
    without = noiseless(model, images, labels, torch.arange(19), 0.5)
    assert length([a - b for a, b in zip(with_it, without, strict=True)]) <= 0.5 * (1 + 1e-4)


@pytest.mark.parametrize("count", [1, 7, 20])
def test_memory_is_bounded_and_the_sum_the_same(model, images, labels, count, monkeypatch):
    at_once = noiseless(model, images, labels, torch.arange(count), 0.5)
    monkeypatch.setattr(dp_sgd, "CHUNK", 3)
    for a, b in zip(
        at_once, noiseless(model, images, labels, torch.arange(count), 0.5), strict=True
    ):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    "rng", [SystemRandom(), np.random.default_rng(3)], ids=["system", "seeded"]
)
@pytest.mark.parametrize("chosen", [NONE, torch.arange(20)], ids=["none", "all"])
def test_the_noise_has_the_standard_deviation_that_was_asked_for(
    model, images, labels, rng, chosen
):
    clean = noiseless(model, images, labels, chosen, 0.5)
    noisy = private_gradient(model, images, labels, chosen, 0.5, 3.0, rng)
    noise = torch.cat([(a - b).flatten() for a, b in zip(noisy, clean, strict=True)])
    # 46,730 draws: their standard deviation is known to 0.33 %, and 1.5 % is more than four times that.
    assert noise.std().item() == pytest.approx(3.0 * 0.5, rel=0.015)
    assert abs(noise.mean().item()) < 5 * 1.5 / len(noise) ** 0.5
    again = private_gradient(model, images, labels, chosen, 0.5, 3.0, rng)
    assert not torch.equal(noisy[0], again[0])


@pytest.mark.parametrize("rate, batches", [(0.3, 400), (0.01, 400), (1.0, 3)])
def test_each_image_is_drawn_by_itself_with_the_rate(rate, batches):
    drawn = np.zeros((batches, 500))
    for row in drawn:
        row[poisson_sample(500, rate, SystemRandom())] = 1
    sizes, deviation = drawn.sum(axis=1), (500 * rate * (1 - rate)) ** 0.5
    assert sizes.mean() == pytest.approx(500 * rate, abs=5 * deviation / batches**0.5)
    assert sizes.std() == pytest.approx(
        deviation, rel=0.25
    )  # the sizes of batches vary as they have to
    assert drawn.mean(axis=0).std() == pytest.approx((rate * (1 - rate) / batches) ** 0.5, rel=0.25)


@pytest.mark.parametrize("rate", [1e-9, 0.5])
def test_a_step_is_noise_over_the_expected_number_of_images_also_if_none_is_drawn(
    model, images, labels, rate
):
    before = get_weights(model)
    images = torch.full_like(images, float("nan"))  # which count as nothing
    plan = Plan(rate, 2.0, 1)
    train_privately(model, images, labels, plan, 0.5, 0.1, np.random.default_rng(0))
    pairs = zip(get_weights(model), before, strict=True)
    moved = np.concatenate([(new - old).ravel() for new, old in pairs])
    assert moved.std() == pytest.approx(0.1 * 2.0 * 0.5 / (rate * 20), rel=0.015)


def test_without_noise_and_clip_it_is_plain_gradient_descent(model, images, labels):
    train_privately(model, images, labels, Plan(1.0, 0.0, 3), 1e9, 0.1, SystemRandom())
    torch.manual_seed(0)
    plain = CNN()
    optimizer = torch.optim.SGD(plain.parameters(), lr=0.1, momentum=0.9)
    for _ in range(3):
        optimizer.zero_grad()
        F.cross_entropy(plain(images), labels).backward()
        optimizer.step()
    for mine, theirs in zip(get_weights(model), get_weights(plain), strict=True):
        np.testing.assert_allclose(mine, theirs, atol=1e-5)
