"""The small network of edges: what it sees, what is kept of its rounds, and how many cells it has."""

from argparse import Namespace

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from beyond.differential_privacy.options import privacy_options
from beyond.price import data, measure
from beyond.price.edge_network import EdgeModel, digits_of, features_of
from beyond.price.grid import Point, searched_epsilon
from beyond.price.many_clients import EdgeCrowd, LessonCrowd
from beyond.price.server import edge_evaluation, edge_options, make_strategy
from beyond.price.training import kept_models
from model import evaluate, get_weights, make_model, set_weights, to_tensors
from support.command_line import parse_options
from support.options import server_options
from tests.support.ports import idle_address

PRIVATE = ["--clip", "1", "--noise-multiplier", "1"]


IMAGES = np.random.default_rng(2).integers(0, 256, (30, 28, 28), np.uint8)
LABELS = np.arange(30) % 10


def edge(light):
    """Return how strong edges are in eight directions, (8,), of a picture that is white at `light` only."""
    picture = torch.full((1, 1, 28, 28), -1.0)
    picture[..., *light] = 1.0
    return features_of(picture, 4).view(8, 16).sum(dim=1)


def test_an_edge_shows_in_the_direction_in_which_it_gets_lighter():
    everything, later, earlier = slice(None), slice(14, None), slice(14)
    # In quarters of a turn: to the right, down, to the left, up.
    ways = [(everything, later), (later, everything), (everything, earlier), (earlier, everything)]
    assert [edge(light).argmax() for light in ways] == [0, 2, 4, 6]


def test_a_digit_counts_as_ones_own_from_its_first_image_on():
    assert digits_of(torch.tensor([3, 3, 8])).nonzero().flatten().tolist() == [3, 8]


def test_crowds_are_as_accurate_as_the_models_whose_weights_they_have():
    rng, shares = np.random.default_rng(4), np.split(np.arange(30), 3)
    pixels, truth = to_tensors(IMAGES, LABELS)
    features = features_of(pixels, 4)
    edges, lesson = (EdgeCrowd, EdgeModel(4), features), (LessonCrowd, make_model(), pixels)
    for crowd, model, inputs in (edges, lesson):
        weights = [rng.normal(size=w.shape).astype(np.float32) for w in get_weights(model)]
        set_weights(model, weights)
        made = crowd((inputs, truth), (inputs[:20], truth[:20]), shares, 0.1)
        expected = evaluate(model, inputs[:20], truth[:20])[1]
        assert made.accuracy(weights) == pytest.approx(expected)
    first = EdgeCrowd(*[(features, truth)] * 2, shares, 1).first_weights(3)
    assert not any(array.any() for array in first)


def test_a_crowd_has_the_images_that_the_points_seed_deals_out(monkeypatch):
    few = to_tensors(IMAGES, LABELS)
    monkeypatch.setattr(data, "examples", lambda validation: [few, few])
    point = Point("cnn", "none", 10, "iid", 8.0, seed=6)
    crowd = data.crowd_of(point, learning_rate=0.3)
    shares = np.array_split(np.random.default_rng(6).permutation(30), 10)
    for (_, mine), share in zip(crowd.data, shares, strict=True):
        assert mine.tolist() == LABELS[share].tolist()
    assert crowd.learning_rate == 0.3


def linear(seed):
    rng = np.random.default_rng(seed)
    return [rng.normal(size=shape).astype(np.float32) for shape in ((10, 128), (10,))]


def evaluation(keep, rounds):
    """Return how the server of such a run evaluates models."""
    return edge_evaluation(EdgeModel(4), IMAGES, LABELS, Namespace(keep=keep, rounds=rounds))


@pytest.mark.parametrize(("rounds", "kept"), [(4, (3, 4)), (5, (3, 4, 5))])
def test_the_mean_of_the_later_half_of_the_models_is_tested(rounds, kept):
    tested = evaluation("mean", rounds)
    for number in range(rounds + 1):
        loss, _ = tested(number, linear(number), {})
    matrix, bias = (np.mean([linear(k)[part] for k in kept], axis=0) for part in (0, 1))
    features = features_of(torch.from_numpy(IMAGES / 127.5 - 1).float().unsqueeze(1), 4)
    scores = features @ torch.from_numpy(matrix).T + torch.from_numpy(bias)
    expected = F.cross_entropy(scores, torch.from_numpy(LABELS)).item()
    assert loss == pytest.approx(expected, rel=1e-5)
    models = [[np.full(2, float(number))] for number in range(1, rounds + 1)]
    assert kept_models(models)["mean"][0] == pytest.approx(np.mean(kept))
    assert kept_models(models)["last"][0] == pytest.approx(rounds)


def test_the_last_model_is_tested_unless_one_says_otherwise():
    usual = edge_options().get_default("keep")
    second, only = evaluation(usual, 3), evaluation(usual, 3)
    second(2, linear(2), {})
    assert second(3, linear(3), {}) == only(3, linear(3), {})


def test_a_model_has_as_many_cells_as_one_says(place, monkeypatch):
    monkeypatch.chdir(place)
    words = [*PRIVATE, "--clients", 3, "--cells", 4, "--address", idle_address()]
    args = parse_options(words, [*server_options(), privacy_options(), edge_options()])
    model = EdgeModel()
    weights = make_strategy(args, model, IMAGES, LABELS).initialize_parameters(None)
    assert model.linear.in_features == 4 * 4 * 8
    assert sum(map(len, weights.tensors)) == 2 * 128 + 4 * 10 * (128 + 1)  # headers, and floats


def test_models_in_memory_cannot_be_resumed(refuses_here, place, monkeypatch):
    monkeypatch.chdir(place)
    words = [*PRIVATE, "--keep", "mean", "--resume", "--address", idle_address()]
    assert "start without --resume" in refuses_here("beyond.price.server", *words)


@pytest.mark.parametrize(
    ("clients", "epsilon", "searched"), [(10, 4.0, 8.0), (1000, 1.0, 2.0), (100, 2.0, 2.0)]
)
def test_settings_are_those_of_the_next_epsilon_that_was_searched(clients, epsilon, searched):
    assert searched_epsilon(clients, epsilon) == searched
    assert searched_epsilon(clients, np.inf) == 8.0


@pytest.mark.parametrize("keep", ["last", "mean"])
def test_what_is_kept_is_what_is_measured(keep, monkeypatch):
    monkeypatch.setattr(measure, "crowd_of", lambda point, rate: None)
    monkeypatch.setattr(measure, "accuracies", lambda *what: {"last": 0.25, "mean": 0.75})
    point = Point("edges", "central", 10, "iid", 8.0, 0)
    row = {**measure.begun_row(point), "keep": keep}
    monkeypatch.setattr(measure, "begun_row", lambda point: row)
    assert measure.measure(point)["accuracy"] == {"last": 0.25, "mean": 0.75}[keep]
