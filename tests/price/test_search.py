"""Settings are chosen on images that are neither trained on nor among the tests, by the mean of the seeds."""

import numpy as np
import torch

from beyond.price import data, search
from beyond.price.grid import SEEDS


def lines(clip, *accuracies, keep="last"):
    """Return lines of price_search.csv: one for each seed, with those accuracies."""
    sought = {"network": "edges", "clients": 10, "scheme": "iid", "epsilon": 1.0}
    chosen = {"rounds": 40, "clip": clip, "learning_rate": 25.0}
    nothing = dict.fromkeys(search.KEEP, 0.0)
    return [
        {**sought, "seed": seed, **chosen, **nothing, keep: accuracy}
        for seed, accuracy in enumerate(accuracies)
    ]


def test_the_best_mean_over_the_seeds_is_chosen_and_not_the_best_seed():
    rows = lines(0.1, 0.2, 0.9) + lines(0.2, 0.6, 0.7) + lines(0.3, 0.5, 0.5)
    best = {"rounds": 40, "clip": 0.2, "learning_rate": 25.0}
    kept = {"keep": "last", "validation_accuracy": 0.65}
    assert search.choose(rows) == {"edges 10 iid 1": best | kept}


def test_the_mean_of_the_models_is_kept_where_it_is_better():
    rows = lines(0.1, 0.6) + lines(0.2, 0.7, keep="mean")
    found = search.choose(rows)["edges 10 iid 1"]
    assert (found["clip"], found["keep"]) == (0.2, "mean")


def test_no_image_of_the_tests_is_searched_on(monkeypatch, mnist):
    training, tests = slice(0, 500), slice(0, 100)
    few = [
        (mnist.images[training], mnist.labels[training]),
        (mnist.test_images[tests], mnist.test_labels[tests]),
    ]
    monkeypatch.setattr(data, "load_mnist", lambda: few)
    monkeypatch.setattr(data, "VALIDATION", 80)
    parts = data.examples.__wrapped__(validation=True)  # what it returns for all of MNIST is kept
    assert [len(labels) for _, labels in parts] == [420, 80]
    found = [pair for part in parts for pair in zip(*map(as_bytes, part), strict=True)]
    assert sorted(found) == sorted(zip(*map(as_bytes, few[0]), strict=True))


def as_bytes(array):
    """Return each image or label as bytes, whether it is a tensor of the model's or as MNIST has it."""
    if isinstance(array, torch.Tensor) and array.dim() > 1:
        array = ((array.squeeze(1) + 1) * 127.5).round().to(torch.uint8)
    return [np.asarray(one).tobytes() for one in array]


def test_seeds_of_the_search_are_none_of_those_that_are_measured():
    assert all(point.seed >= search.FIRST_SEED for point, _ in search.trials())
    assert max(max(seeds.values()) for seeds in SEEDS.values()) < search.FIRST_SEED


def test_a_clip_is_a_path_over_its_rounds():
    found = {}
    for point, settings in search.trials():
        path = round(settings["clip"] * settings["rounds"], 9)
        where = (point.network, point.epsilon, point.clients)
        assert point.privacy == "central" and path in search.PATHS[where] or path in (80, 120)
        found.setdefault((*where, point.scheme, path), []).append(point.seed)
    assert found["edges", 8.0, 10, "iid", 4] == list(range(1000, 1005))
    assert found["cnn", 8.0, 10, "iid", 4] == [1000]
    assert {key[3] for key in found if key[0] == "cnn"} == {"iid"}


def test_every_trial_is_tried_once():
    rows = [tuple(search.row_of(*trial).values()) for trial in search.trials()]
    assert len(rows) == len(set(rows))
