"""Real processes with the small network: killed with kill -9, resumed, and counted."""

import signal

import numpy as np
import pytest
import torch

from beyond.differential_privacy.mechanism import clipped
from beyond.differential_privacy.privacy_record import read_privacy
from beyond.price.client import EdgeClient
from beyond.price.edge_network import EdgeModel, features_of
from beyond.price.grid import Point
from beyond.price.many_clients import EdgeCrowd
from beyond.price.training import kept_models, models_of
from beyond.simulation.app_run import last_recorded_round
from model import evaluate, get_weights, set_weights, to_tensors
from support.partitions import load_partition
from support.tables import read_history
from tests.support.ports import free_address

WORDS = ["--clip", "0.5", "--delta", "0.1", "--learning-rate", "1"]
NOISE, TARGET = ["--noise-multiplier", "0.5"], ["--target-epsilon", "8"]
# More than pass before a busy machine stops a server: in the last, nothing of epsilon is left to go on with.
ROUNDS = 50


@pytest.fixture
def federate(start_warm, place):
    """federate(*words) starts a server and three clients of beyond.price; returns the Actors."""
    address = free_address()
    common = [*WORDS, "--clients", 3, "--min-clients", 3, "--batch-size", 100]
    common += ["--address", address, "--run", "run"]

    def start(*words, clients=range(3)):
        server = start_warm(["-m", "beyond.price.server", *common, *words], place)
        client = ["-m", "beyond.price.client", "--server", address, "--partition-id"]
        return server, [start_warm([*client, number], place) for number in clients]

    return start


@pytest.mark.parametrize(
    ("number", "noise"),
    [(signal.SIGINT, TARGET), (signal.SIGKILL, TARGET), (signal.SIGKILL, NOISE)],
    ids=["Ctrl-C, epsilon", "kill -9, epsilon", "kill -9, noise"],
)
def test_a_run_stopped_in_round_3_goes_on_with_the_same_words_and_has_forgotten_nothing(
    federate, place, number, noise
):
    server, clients = federate(*noise, "--rounds", ROUNDS)
    server.wait_for("^Round  3: epsilon")
    server.send(number)
    server.wait()
    spent, finished = len(read_privacy(place / "run")), last_recorded_round(place / "run")
    again, _ = federate(*noise, "--rounds", ROUNDS, "--resume", clients=[])
    again.finish()
    assert [client.wait() for client in clients] == [0, 0, 0]
    rows = read_privacy(place / "run")
    # Counted by hand: every finished round, the one that was lost, if any, and those after --resume.
    assert spent in (finished, finished + 1) and len(rows) == spent + ROUNDS - finished
    for client in clients:
        assert len({found.string for found in client.found("trained")}) >= ROUNDS
    assert [row.clients_asked for row in rows] == [3] * len(rows)
    assert (place / "run/run.json").read_text(encoding="utf-8").count('"noise_seed": null') == 1
    if noise is TARGET:
        assert rows[-1].epsilon <= 8 and rows[-1].epsilon == pytest.approx(8)


def test_the_crowd_makes_the_updates_that_real_clients_make():
    rng, shares = np.random.default_rng(1), np.split(np.arange(60), 3)
    images, labels = rng.integers(0, 256, (60, 28, 28), np.uint8), np.repeat([3, 7, 1], 20)
    pixels, targets = to_tensors(images, labels)
    data = features_of(pixels, 4), targets
    crowd = EdgeCrowd(data, data, shares, learning_rate=2.0)
    shapes = [array.shape for array in get_weights(EdgeModel(4))]
    weights = [rng.normal(0, 0.1, shape).astype(np.float32) for shape in shapes]
    config = {"server_round": 1, "local_epochs": 1, "batch_size": 60, "learning_rate": 2.0}
    for number, (own, update) in enumerate(zip(shares, crowd.updates(weights, 1), strict=True)):
        client = EdgeClient(number, EdgeModel(), images[own], labels[own])
        new, count, _ = client.fit(weights, {**config, "seed": 0, "clip": 0.3})
        assert count == 1
        for mine, theirs, sent in zip(clipped(update, 0.3), new, weights, strict=True):
            np.testing.assert_allclose(theirs - sent, mine, atol=2e-6)


def test_price_and_real_processes_come_to_the_same(federate, place):
    parts = {
        name: to_tensors(*load_partition(place / f"partitions/{name}.npz"))
        for name in ("client_0", "client_1", "client_2", "test")
    }
    images, labels = (torch.cat([parts[f"client_{k}"][i] for k in range(3)]) for i in range(2))
    tests = features_of(parts["test"][0], 7), parts["test"][1]
    shares = np.split(np.arange(60), 3)
    crowd = EdgeCrowd((features_of(images, 7), labels), tests, shares, learning_rate=1.0)
    point = Point("edges", "central", 3, "iid", 8.0, seed=5)
    models = list(models_of(crowd, {"rounds": 4, "clip": 0.5}, 0.5, point))

    server, _ = federate(*NOISE, "--rounds", 4, "--noise-seed", 5, "--keep", "mean")
    server.finish()
    with np.load(place / "run/global_model.npz") as real:
        for mine, name in zip(models[-1], ("linear.weight", "linear.bias"), strict=True):
            np.testing.assert_allclose(real[name], mine, atol=1e-5)
    kept = EdgeModel()
    set_weights(kept, kept_models(models)["mean"])
    loss, _ = evaluate(kept, *tests)
    assert read_history(place / "run")[-1].loss == pytest.approx(loss, rel=1e-4)
