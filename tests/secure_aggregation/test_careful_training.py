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


class Normalised(nn.Sequential):
    """A network whose first layer keeps statistics of the images, times `scale`."""

    scale = 1.0

    def __init__(self):
        super().__init__(nn.BatchNorm2d(1), nn.Flatten(), nn.Linear(784, 10))

    def forward(self, images):
        return super().forward(images * self.scale)


@pytest.fixture
def runs(monkeypatch, mnist, tmp_path):
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
    config = instructions(1, "--batch-size", 1, "--learning-rate", 0.001)
    owners = [owner(runs.directory, number) for number in range(len(SIZES))]
    updates = [client.fit(before, config)[0] for client in owners]
    for name, array, *arrays in zip(Normalised().state_dict(), weights, *updates, strict=True):
        if name.endswith("num_batches_tracked"):
            assert min(arrays) == 24 and array == 0  # more than the range, of some
        else:
            mean = np.average(arrays, axis=0, weights=SIZES)
            np.testing.assert_allclose(array, mean, rtol=0, atol=1e-4, err_msg=name)


def test_statistics_that_would_be_cut_off_are_refused_in_one_line(runs, capfd, monkeypatch):
    monkeypatch.setattr(Normalised, "scale", 127.5)
    with pytest.raises(RunError, match="no round had an update"):
        run(runs, rounds=1)
    said = capfd.readouterr().out.splitlines()
    for number, size in enumerate(SIZES):
        (line,) = [line for line in said if f"Client {number} refuses" in line]
        assert f"would be cut off at {8 / (size / 100):.3g} (" in line


def update_of(mnist, network=CNN, **changes):
    """Return weights, and what a client makes of them in a round."""
    torch.manual_seed(0)
    sent, model = get_weights(network()), network()
    images, labels = mnist.images[:60], mnist.labels[:60].astype(np.int64)
    return sent, FlowerClient(0, model, images, labels).fit(sent, instructions(1) | changes)[0]


def test_what_is_lost_in_rounding_is_nothing(mnist):
    check_update(*update_of(mnist), 0.1)
    for rate in (1e-12, 1e-8):
        with pytest.raises(Refusal, match="has learned nothing"):
            check_update(*update_of(mnist, learning_rate=rate), 0.1)
    sent = untrained()
    moved = [sent[0] + np.float32(3 * STEP), *sent[1:]]
    check_update(sent, moved, 0.5)
    with pytest.raises(Refusal, match="has learned nothing"):
        check_update(sent, moved, 0.2)  # as it is multiplied, less than a step


def test_a_statistic_that_moves_is_nothing_learned(mnist, monkeypatch):
    monkeypatch.setattr(secagg_training, "make_model", Normalised)
    sent, trained = update_of(mnist, Normalised, learning_rate=1e-12)
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
