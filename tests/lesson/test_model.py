"""The model's weights travel exactly, it learns reproducibly, and its grades are right."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from flwr.common import ndarrays_to_parameters, parameters_to_ndarrays
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from model import CNN, evaluate, get_weights, set_weights, to_tensors, train
from tests.support.lesson import untrained

LESSON = {"learning_rate": 0.05, "batch_size": 32}
SHAPES = [weight.shape for weight in get_weights(CNN())]
FLOATS = st.floats(width=32)  # with NaN, infinities and the smallest numbers that there are

pytestmark = pytest.mark.usefixtures("one_thread")


def seeded_model():
    """Return an untrained model, always the same."""
    model = CNN()
    set_weights(model, untrained())
    return model


def as_bytes(weights):
    """Return weights so that == compares every bit."""
    return [(weight.dtype, weight.shape, weight.tobytes()) for weight in weights]


@pytest.fixture(scope="module")
def digits(mnist):
    """200 images and labels as tensors."""
    return to_tensors(mnist.images[:200], mnist.labels[:200].astype(np.int64))


@given(st.lists(FLOATS, min_size=1))
def test_weights_come_out_as_they_went_in_and_travelled(numbers):
    weights = [np.resize(np.array(numbers, np.float32), shape) for shape in SHAPES]
    model = CNN()
    set_weights(model, parameters_to_ndarrays(ndarrays_to_parameters(weights)))
    assert as_bytes(get_weights(model)) == as_bytes(weights)


def test_the_model_is_small_and_all_of_it_travels():
    count = sum(tensor.numel() for tensor in CNN().parameters())
    assert 0 < count < 100_000
    assert sum(weight.size for weight in get_weights(CNN())) == count


@pytest.mark.parametrize("shapes", [SHAPES[:-1], [*SHAPES, SHAPES[-1]]], ids=["one less", "more"])
def test_a_wrong_number_of_arrays_is_refused(shapes):
    with pytest.raises(ValueError):
        set_weights(CNN(), [np.zeros(shape, np.float32) for shape in shapes])


@pytest.mark.parametrize("place", range(len(SHAPES)))
def test_a_wrong_shape_is_refused(place):
    weights = get_weights(CNN())
    weights[place] = np.zeros(np.array(SHAPES[place]) + 1, np.float32)
    with pytest.raises(RuntimeError):
        set_weights(CNN(), weights)


def test_weights_are_copies_and_training_touches_neither_these_nor_its_data(digits):
    model, given = seeded_model(), untrained()
    for weight in get_weights(model):
        weight += 1
    taken = get_weights(model)
    images = digits[0].numpy().tobytes()
    train(model, *digits, 1, np.random.default_rng(0), **LESSON)
    assert as_bytes(taken) == as_bytes(given) == as_bytes(untrained())
    assert digits[0].numpy().tobytes() == images
    for before, after in zip(taken, get_weights(model), strict=True):
        assert (before != after).mean() > 0.5  # every layer moves
    set_weights(model, given)
    train(model, *digits, 1, np.random.default_rng(0), **LESSON)
    assert as_bytes(given) == as_bytes(taken)


def test_scores_are_those_of_the_layers_that_the_docstring_names(digits):
    model, (images, _) = seeded_model(), digits
    weights = [tensor.double() for tensor in model.state_dict().values()]
    conv1, conv2, fc1, fc2 = zip(weights[::2], weights[1::2], strict=True)  # and their biases
    seen = torch.conv2d(images.double(), *conv1, stride=2).clamp(min=0)
    seen = torch.max_pool2d(torch.conv2d(seen, *conv2), 2).clamp(min=0)
    hidden = (seen.reshape(len(images), 512) @ fc1[0].T + fc1[1]).clamp(min=0)
    expected = hidden @ fc2[0].T + fc2[1]
    np.testing.assert_allclose(model(images).detach(), expected, rtol=0, atol=1e-5)


def test_training_is_sgd_with_momentum_written_out_and_tells_the_last_epochs_mean_loss(digits):
    images, labels = (tensor[:80] for tensor in digits)
    model, by_hand = seeded_model(), seeded_model()
    told = train(model, images, labels, 2, np.random.default_rng(3), 0.02, batch_size=32)
    rng, weights = np.random.default_rng(3), list(by_hand.parameters())
    speeds = [0.0] * len(weights)
    for _ in range(2):
        losses = []
        for batch in np.split(rng.permutation(80), [32, 64]):
            loss = F.cross_entropy(by_hand(images[batch]), labels[batch])
            losses += [loss.item()] * len(batch)
            slopes = torch.autograd.grad(loss, weights)
            speeds = [0.9 * speed + slope for speed, slope in zip(speeds, slopes, strict=True)]
            for weight, speed in zip(weights, speeds, strict=True):
                weight.data -= 0.02 * speed
    for weight, expected in zip(get_weights(model), get_weights(by_hand), strict=True):
        np.testing.assert_allclose(weight, expected, rtol=0, atol=1e-6)
    assert told == pytest.approx(np.mean(losses), rel=1e-5)


class Noted(nn.Module):
    """A network that notes what it is given, and whether to train on it; it takes two images at least."""

    def __init__(self, width):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(width, 10), nn.BatchNorm1d(10))
        self.modes, self.sizes = [], []

    def forward(self, images):
        self.modes.append(self.training)
        self.sizes.append(len(images))
        return self.layers(images.flatten(start_dim=1))


@pytest.mark.parametrize("batch_size", [1000, 64, 1])
def test_evaluation_agrees_with_numpy(digits, batch_size):
    images, labels = digits
    model = seeded_model()
    train(model, images, labels, 1, np.random.default_rng(0), **LESSON)
    scores, answers = model(images).detach().double().numpy(), labels.numpy()
    loss, accuracy = evaluate(model, images, labels, batch_size)
    losses = np.log(np.exp(scores).sum(axis=1)) - scores[np.arange(len(answers)), answers]
    assert loss == pytest.approx(np.mean(losses), rel=1e-5)
    assert accuracy == np.mean(np.argmax(scores, axis=1) == answers)
    assert 0 < accuracy < 1


def test_pixels_are_scaled_to_minus_one_to_one():
    images = np.zeros((1, 28, 28), np.uint8)
    images[0, 0, :3] = 0, 51, 255
    pixels, labels = to_tensors(images, np.array([7]))
    assert pixels.shape == (1, 1, 28, 28)
    assert pixels[0, 0, 0, :3].tolist() == pytest.approx([-1.0, -0.6, 1.0])
    assert labels.tolist() == [7]


@pytest.mark.parametrize(
    "count, sizes",
    [
        (96, [32, 32, 32]),
        (97, [32, 32, 33]),  # a batch of one is none that BatchNorm1d takes
        (98, [32, 32, 32, 2]),
        (33, [33]),
        (32, [32]),
        (2, [2]),
    ],
)
def test_every_image_is_trained_on_once_an_epoch_and_none_alone(count, sizes):
    model, images = Noted(1), torch.arange(float(count)).reshape(count, 1)
    seen = []
    model.eval()  # as `evaluate` leaves it
    model.register_forward_pre_hook(lambda module, given: seen.extend(given[0].flatten().tolist()))
    train(model, images, torch.arange(count) % 4, 2, np.random.default_rng(0), **LESSON)
    assert model.sizes == sizes * 2 and all(model.modes)
    assert sorted(seen[:count]) == sorted(seen[count:]) == images.flatten().tolist()


@pytest.mark.parametrize(
    "shape, most", [((1, 28, 28), 1000), ((12,), 1000), ((3, 224, 224), 5), ((3, 1024, 1024), 1)]
)
def test_larger_images_are_evaluated_fewer_at_a_time(shape, most):
    model = Noted(np.prod(shape))
    count = most + 2
    images = torch.zeros(1).expand(count, *shape)
    evaluate(model, images, torch.zeros(count, dtype=torch.int64))
    assert max(model.sizes) == most and sum(model.sizes) == count
    assert not any(model.modes)
