"""The model's weights travel exactly, it learns reproducibly, and its grades are right."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from model import CNN, evaluate, get_weights, set_weights, to_tensors, train

LESSON = {"learning_rate": 0.05, "batch_size": 32}
SHAPES = [weight.shape for weight in get_weights(CNN())]
FLOATS = st.floats(width=32)  # with NaN, infinities and the smallest numbers that there are


pytestmark = pytest.mark.usefixtures("one_thread")


def seeded_model(seed=0):
    """Return an untrained model."""
    torch.manual_seed(seed)
    return CNN()


def as_bytes(weights):
    """Return weights so that == compares every bit."""
    return [(weight.dtype, weight.shape, weight.tobytes()) for weight in weights]


@pytest.fixture(scope="module")
def digits(mnist):
    """200 images and labels as tensors."""
    return to_tensors(mnist.images[:200], mnist.labels[:200].astype(np.int64))


@given(st.lists(FLOATS, min_size=1))
def test_weights_come_out_as_they_went_in(numbers):
    weights = [np.resize(np.array(numbers, np.float32), shape) for shape in SHAPES]
    model = CNN()
    set_weights(model, weights)
    assert as_bytes(get_weights(model)) == as_bytes(weights)


def test_weights_survive_flowers_serialization():
    from flwr.common import ndarrays_to_parameters, parameters_to_ndarrays

    weights = get_weights(seeded_model())
    travelled = parameters_to_ndarrays(ndarrays_to_parameters(weights))
    other = seeded_model(seed=1)
    set_weights(other, travelled)
    assert as_bytes(get_weights(other)) == as_bytes(weights)


def test_the_model_is_small_and_all_of_it_travels():
    parameters = list(CNN().parameters())
    assert 0 < sum(tensor.numel() for tensor in parameters) < 100_000
    assert sum(weight.size for weight in get_weights(CNN())) == sum(
        tensor.numel() for tensor in parameters
    )


def test_the_docstring_counts_the_weights():
    assert f"{sum(weight.size for weight in get_weights(CNN())):,} weights" in CNN.__doc__


@pytest.mark.parametrize(
    "change", [lambda weights: weights[:-1], lambda weights: [*weights, weights[-1]]]
)
def test_a_wrong_number_of_arrays_is_refused(change):
    with pytest.raises(ValueError):
        set_weights(CNN(), change(get_weights(CNN())))


@pytest.mark.parametrize("place", range(len(SHAPES)))
def test_a_wrong_shape_is_refused(place):
    weights = get_weights(CNN())
    weights[place] = np.zeros([length + 1 for length in weights[place].shape], np.float32)
    with pytest.raises(RuntimeError):
        set_weights(CNN(), weights)


def test_get_weights_returns_copies(digits):
    model = seeded_model()
    weights = get_weights(model)
    before = as_bytes(weights)
    for weight in weights:
        weight += 1
    assert as_bytes(get_weights(model)) == before
    taken = get_weights(model)
    train(model, *digits, 1, np.random.default_rng(0), **LESSON)
    assert as_bytes(taken) == before
    assert as_bytes(get_weights(model)) != before


def test_set_weights_keeps_no_hold_on_the_arrays(digits):
    model, weights = CNN(), get_weights(seeded_model())
    before = as_bytes(weights)
    set_weights(model, weights)
    train(model, *digits, 1, np.random.default_rng(0), **LESSON)
    assert as_bytes(weights) == before


def trained(digits, seed, epochs=1):
    """Return the weights after training from the same start, shuffled by `seed`."""
    model = seeded_model()
    train(model, *digits, epochs, np.random.default_rng(seed), **LESSON)
    return as_bytes(get_weights(model))


def test_training_repeats_with_the_same_generator_and_differs_with_another(digits):
    assert trained(digits, seed=0) == trained(digits, seed=0)
    assert trained(digits, seed=0) != trained(digits, seed=1)


def test_two_epochs_shuffle_anew_from_one_generator(digits):
    rng = np.random.default_rng(0)
    model = seeded_model()
    train(model, *digits, 2, rng, **LESSON)
    used = np.random.default_rng(0)
    used.permutation(len(digits[1]))
    used.permutation(len(digits[1]))
    assert rng.bit_generator.state == used.bit_generator.state
    assert trained(digits, 0, epochs=2) != trained(digits, 0, epochs=1)


def test_scores_are_those_of_the_layers_that_the_docstring_names(digits):
    model, (images, _) = seeded_model(), digits
    weights = {name: tensor.double() for name, tensor in model.state_dict().items()}
    conv1, conv2, fc1, fc2 = (
        (weights[f"{layer}.weight"], weights[f"{layer}.bias"])
        for layer in ("conv1", "conv2", "fc1", "fc2")
    )
    seen = torch.conv2d(images.double(), *conv1, stride=2).clamp(min=0)
    seen = torch.max_pool2d(torch.conv2d(seen, *conv2), 2).clamp(min=0)
    hidden = (seen.reshape(len(images), 512) @ fc1[0].T + fc1[1]).clamp(min=0)
    expected = hidden @ fc2[0].T + fc2[1]
    np.testing.assert_allclose(model(images).detach(), expected, rtol=0, atol=1e-5)


def test_every_layer_moves_in_training(digits):
    model = seeded_model()
    before = dict(zip(model.state_dict(), get_weights(model), strict=True))
    train(model, *digits, 1, np.random.default_rng(0), **LESSON)
    for name, tensor in model.state_dict().items():
        moved = tensor.numpy() != before[name]
        assert moved.mean() > 0.5, f"{name} stays where it was"


def test_training_is_sgd_with_momentum_written_out(digits):
    images, labels = (tensor[:80] for tensor in digits)
    model, by_hand = seeded_model(), seeded_model()
    train(model, images, labels, 2, np.random.default_rng(3), learning_rate=0.02, batch_size=32)
    rng, speeds = np.random.default_rng(3), [0.0] * len(list(by_hand.parameters()))
    for batch in [rows for _ in range(2) for rows in np.split(rng.permutation(80), [32, 64])]:
        loss = torch.nn.functional.cross_entropy(by_hand(images[batch]), labels[batch])
        slopes = torch.autograd.grad(loss, list(by_hand.parameters()))
        speeds = [0.9 * speed + slope for speed, slope in zip(speeds, slopes, strict=True)]
        with torch.no_grad():
            for weight, speed in zip(by_hand.parameters(), speeds, strict=True):
                weight -= 0.02 * speed
    for weight, expected in zip(get_weights(model), get_weights(by_hand), strict=True):
        np.testing.assert_allclose(weight, expected, rtol=0, atol=1e-6)


class Noted(torch.nn.Module):
    """A network that notes whether it is used for training: dropout would look at that, for instance."""

    def __init__(self):
        super().__init__()
        self.layer, self.modes = torch.nn.Linear(28 * 28, 10), []

    def forward(self, images):
        self.modes.append(self.training)
        return self.layer(images.flatten(start_dim=1))


def test_a_network_knows_whether_it_trains_or_is_tested(digits):
    model = Noted()
    evaluate(model, *digits)
    train(model, *digits, 1, np.random.default_rng(0), learning_rate=0.05, batch_size=100)
    evaluate(model, *digits)
    assert model.modes == [False, True, True, False]


def test_training_does_not_touch_its_data(digits):
    before = [tensor.numpy().tobytes() for tensor in digits]
    train(seeded_model(), *digits, 1, np.random.default_rng(0), **LESSON)
    assert [tensor.numpy().tobytes() for tensor in digits] == before


def test_training_learns(digits):
    model = seeded_model()
    before, _ = evaluate(model, *digits)
    train(model, *digits, 5, np.random.default_rng(0), **LESSON)
    after, accuracy = evaluate(model, *digits)
    assert after < before / 2
    assert accuracy > 0.7


def cross_entropy(scores, labels):
    """Return the mean of -log softmax at the labels, in float64."""
    scores = scores.astype(np.float64)
    largest = scores.max(axis=1, keepdims=True)
    log_sum = np.log(np.exp(scores - largest).sum(axis=1)) + largest[:, 0]
    return float(np.mean(log_sum - scores[np.arange(len(labels)), labels]))


@pytest.mark.parametrize("batch_size", [1000, 64, 1])
def test_evaluation_agrees_with_numpy(digits, batch_size):
    images, labels = digits
    model = seeded_model()
    train(model, images, labels, 1, np.random.default_rng(0), **LESSON)
    scores, answers = model(images).detach().numpy(), labels.numpy()
    loss, accuracy = evaluate(model, images, labels, batch_size)
    assert loss == pytest.approx(cross_entropy(scores, answers), rel=1e-5)
    assert accuracy == np.count_nonzero(np.argmax(scores, axis=1) == answers) / len(answers)
    assert 0 < accuracy < 1


def test_the_training_loss_is_the_mean_over_all_images(digits):
    images, labels = digits
    model = seeded_model()
    expected = cross_entropy(model(images).detach().numpy(), labels.numpy())
    rng = np.random.default_rng(0)
    assert train(model, images, labels, 1, rng, learning_rate=0.0, batch_size=64) == pytest.approx(
        expected, rel=1e-5
    )


def test_pixels_are_scaled_to_minus_one_to_one():
    images = np.zeros((1, 28, 28), np.uint8)
    images[0, 0, :3] = 0, 51, 255
    pixels, labels = to_tensors(images, np.array([7]))
    assert pixels.shape == (1, 1, 28, 28)
    assert pixels[0, 0, 0, :3].tolist() == pytest.approx([-1.0, -0.6, 1.0])
    assert labels.tolist() == [7]


def test_the_last_epochs_loss_is_the_one_that_is_told(digits):
    told = [
        train(seeded_model(), *digits, epochs, np.random.default_rng(0), **LESSON)
        for epochs in (1, 3)
    ]
    assert told[1] < told[0] / 1.2  # a sum over the epochs would have grown


class Watched(nn.Module):
    """A network that needs two images to train on, and remembers how many it was given at a time."""

    def __init__(self, width):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(width, 4), nn.BatchNorm1d(4))
        self.sizes = []

    def forward(self, images):
        self.sizes.append(len(images))
        return self.layers(images.flatten(1))


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
def test_no_image_is_trained_on_alone(count, sizes):
    model, labels = Watched(3), torch.arange(count) % 4
    images = torch.randn(count, 3)
    train(model, images, labels, 2, np.random.default_rng(0), learning_rate=0.1, batch_size=32)
    assert model.sizes == sizes * 2


def test_every_image_is_trained_on_once_an_epoch():
    model = Watched(1)
    images = torch.arange(97.0).reshape(97, 1)
    seen = []
    model.register_forward_pre_hook(lambda module, given: seen.extend(given[0].flatten().tolist()))
    train(model, images, torch.zeros(97, dtype=torch.int64), 1, np.random.default_rng(0), 0.1, 32)
    assert sorted(seen) == images.flatten().tolist() != seen


@pytest.mark.parametrize(
    "shape, most", [((1, 28, 28), 1000), ((12,), 1000), ((3, 224, 224), 5), ((3, 1024, 1024), 1)]
)
def test_larger_images_are_evaluated_fewer_at_a_time(shape, most):
    model = Watched(np.prod(shape))
    count = most + 2
    images = torch.zeros(1).expand(count, *shape)
    evaluate(model, images, torch.zeros(count, dtype=torch.int64))
    assert max(model.sizes) == most and sum(model.sizes) == count
