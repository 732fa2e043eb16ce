"""What a client trains and masks: real networks with statistics, real updates, real rounds."""

import numpy as np
import pytest
import torch
from torch import nn

from beyond.engine import apps
from beyond.secure_aggregation import app as secagg_app
from beyond.secure_aggregation import careful_training as secagg_training
from beyond.secure_aggregation.careful_client import Refusal
from beyond.secure_aggregation.careful_training import check_update
from beyond.secure_aggregation.shares import STEP
from client import FlowerClient
from model import CNN, get_weights
from support.command_line import RunError
from tests.simulation.app_runs import AppRuns
from tests.support import lesson
from tests.support.lesson import instructions, owner, untrained

SIZES = (60, 25, 40, 33, 50, 42)


class Normalised(nn.Module):
    """A network whose first layer keeps statistics of the images, times `scale`."""

    scale = 1.0

    def __init__(self):
        super().__init__()
        layers = [nn.BatchNorm2d(1), nn.Flatten(), nn.Linear(784, 10)]
        self.layers = nn.Sequential(*layers)

    def forward(self, images):
        return self.layers(images * self.scale)


@pytest.fixture
def runs(monkeypatch, mnist, tmp_path, one_thread):
    for module in (lesson, apps, secagg_training):
        monkeypatch.setattr(module, "make_model", Normalised)
    return AppRuns(monkeypatch, mnist, tmp_path, SIZES)


def run(runs, **entries):
    changes = {"shares": len(SIZES), "max_examples_per_client": 100, "batch_size": 1, **entries}
    return runs.run(secagg_app.run, secagg_app.client_app, **changes)


def test_statistics_below_the_range_are_averaged_and_counters_do_no_harm(runs):
    weights, _ = run(runs, learning_rate=0.001, rounds=1)
    torch.manual_seed(0)
    before = get_weights(Normalised())
    updates = {
        number: owner(runs.directory, number).fit(
            before, instructions(1, "--batch-size", 1, "--learning-rate", 0.001)
        )[0]
        for number in range(len(SIZES))
    }
    names = list(Normalised().state_dict())
    counter = names.index("layers.0.num_batches_tracked")
    assert min(update[counter] for update in updates.values()) == 24  # more than the range, of some
    assert weights[counter] == 0
    for place, name in enumerate(names):
        if place != counter:
            mean = np.average([update[place] for update in updates.values()], axis=0, weights=SIZES)
            np.testing.assert_allclose(weights[place], mean, rtol=0, atol=1e-4, err_msg=name)


def test_statistics_that_would_be_cut_off_are_refused_in_one_line(runs, capfd, monkeypatch):
    monkeypatch.setattr(Normalised, "scale", 127.5)
    with pytest.raises(RunError, match="no round had an update"):
        run(runs, rounds=1)
    said = capfd.readouterr().out
    for number in range(len(SIZES)):
        limit = 8 / (SIZES[number] / 100)
        lines = [line for line in said.splitlines() if f"Client {number} refuses" in line]
        (line,) = lines
        assert f"would be cut off at {limit:.3g} (" in line


def lesson_update(mnist, **changes):
    images, labels = mnist.images[:60], mnist.labels[:60].astype(np.int64)
    config = {**instructions(1), **changes}
    sent = untrained()
    return sent, FlowerClient(0, CNN(), images, labels).fit(sent, config)[0]


def test_what_is_lost_in_rounding_is_nothing(mnist, one_thread):
    check_update(*lesson_update(mnist), 0.1)
    for rate in (1e-12, 1e-8):
        with pytest.raises(Refusal, match="has learned nothing"):
            check_update(*lesson_update(mnist, learning_rate=rate), 0.1)
    sent, _ = lesson_update(mnist)
    moved = [sent[0] + np.float32(3 * STEP), *sent[1:]]
    check_update(sent, moved, 0.5)
    with pytest.raises(Refusal, match="has learned nothing"):
        check_update(sent, moved, 0.2)  # as it is multiplied, less than a step


def test_a_statistic_that_moves_is_nothing_learned(mnist, one_thread, monkeypatch):
    monkeypatch.setattr(secagg_training, "make_model", Normalised)
    sent = get_weights(Normalised())
    images, labels = mnist.images[:60], mnist.labels[:60].astype(np.int64)
    config = {**instructions(1), "learning_rate": 1e-12}
    trained = FlowerClient(0, Normalised(), images, labels).fit(sent, config)[0]
    assert max(np.abs(new - old).max() for new, old in zip(trained, sent, strict=True)) > 0.01
    with pytest.raises(Refusal, match="has learned nothing"):
        check_update(sent, trained, 0.1)


@pytest.mark.parametrize("value", [np.nan, np.inf, 81.0])
@pytest.mark.parametrize("place", [0, 5, -1])
def test_one_weight_that_diverged_is_refused(value, place):
    sent = untrained()
    trained = [array.copy() for array in sent]
    trained[place].flat[0] = value
    with pytest.raises(Refusal, match="cut off at 80"):
        check_update(sent, trained, 0.1)
