"""The baselines train as the federation does, on the data that they name."""

import json
import re
import shutil
import signal

import numpy as np
import pytest
import torch

from beyond.heterogeneity.client import split
from model import CNN, get_weights, set_weights, to_tensors, train
from support.partitions import load_partition
from support.tables import read_history
from tests.heterogeneity.commands import module, refused
from tests.support.harness import processes_in, wait_until
from tests.support.lesson import untrained
from tests.support.shared import CLIENTS, SIZES


@pytest.fixture
def begin(start_warm, workspace):
    """begin(how, directory, ...) starts to train on the partitions of the workspace; returns the Actor."""

    def start(how, directory, *words, rounds=2):
        common = ["--clients", len(SIZES), "--rounds", rounds, "--run", directory]
        return start_warm([*module("baselines"), how, *common, *words], workspace)

    return start


def trained_by_hand(data, first_id, learning_rate, epochs=1, seed=0):
    """Return the weights after two rounds' worth of passes over `data`, a pair of tensors."""
    model = CNN()
    set_weights(model, untrained(seed))
    for number in (1, 2):
        rng = np.random.default_rng([seed, number, first_id])
        train(model, *data, epochs, rng, learning_rate, batch_size=32)
    return get_weights(model)


def weights_in(directory):
    """Return the arrays of the recorded model."""
    with np.load(directory / "global_model.npz") as file:
        return list(file.values())


@pytest.fixture
def parts(workspace):
    """The partitions of all clients, as tensors."""
    files = [workspace / f"partitions/client_{number}.npz" for number in CLIENTS]
    return [to_tensors(*load_partition(file)) for file in files]


@pytest.mark.parametrize("holds_out", [False, True])
def test_alone_is_one_model_per_client_trained_on_its_own_images(begin, tmp_path, parts, holds_out):
    """What clients would hold out is not trained on; their records replace earlier ones, and nothing else."""
    alone = tmp_path / "alone"
    (alone / "client_photos").mkdir(parents=True)
    (alone / "client_7").mkdir()
    (alone / "client_7/run.json").touch()
    words = ["--client-evaluation"] if holds_out else ["--local-epochs", 2, "--learning-rate", 0.03]
    training = begin("alone", alone, *words)
    training.finish()
    owners = ("photos", *CLIENTS)
    assert {path.name for path in alone.iterdir()} == {f"client_{owner}" for owner in owners}
    lines = []
    for client, data in enumerate(parts):
        directory = alone / f"client_{client}"
        if holds_out:
            data, held_out = split(*data, seed=client)
            assert len(held_out[1]) == SIZES[client] // 10
        rate, epochs = (0.02, 1) if holds_out else (0.03, 2)
        expected = trained_by_hand(data, client, rate, epochs)
        assert all(map(np.array_equal, weights_in(directory), expected))
        settings = json.loads((directory / "run.json").read_text(encoding="utf-8"))["settings"]
        assert settings["partitions"] == [client] and settings["digits"] == list(range(10))
        last = read_history(directory)[-1]
        lines.append(f"{directory}: {last.accuracy:.2%} after 2 rounds' worth of passes")
    assert sorted(training.stdout.splitlines()) == lines  # one line each


def test_pooled_is_one_model_trained_on_all_partitions_from_weights_of_the_seed(
    begin, tmp_path, parts
):
    training = begin("pooled", tmp_path / "pooled", "--seed", 7)
    training.finish()
    data = [torch.cat(tensors) for tensors in zip(*parts, strict=True)]
    expected = trained_by_hand(data, 0, learning_rate=0.01, seed=7)
    assert all(map(np.array_equal, weights_in(tmp_path / "pooled"), expected))
    history = read_history(tmp_path / "pooled")
    assert [row.round for row in history] == [0, 1, 2]
    *progress, last = training.stdout.splitlines()
    for row, line in zip(history, progress, strict=True):
        assert re.fullmatch(rf"Round +{row.round}: accuracy {row.accuracy:.2%}, \d+\.\d s", line)
    assert last.startswith(f"{tmp_path}/pooled: {history[-1].accuracy:.2%} after 2 rounds")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_whatever_ends_it_no_process_is_left(begin, workspace, tmp_path, number):
    command = begin("alone", tmp_path / "alone", rounds=1000)
    second = tmp_path / "alone/client_1/history.csv"
    command.wait_until(second.exists, "the second client trains")
    command.send_to_group(number)
    assert command.wait() == {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGKILL: -9}[number]
    wait_until(lambda: not processes_in(workspace), "no process is left")


def test_one_that_fails_ends_all_of_them(begin, workspace, tmp_path):
    (tmp_path / "alone").mkdir()
    (tmp_path / "alone/client_0").touch()  # where a record should go
    command = begin("alone", tmp_path / "alone", rounds=1000)
    assert command.wait() == 2
    assert len(command.stderr.splitlines()) == 1 and "alone/client_0" in command.stderr
    wait_until(lambda: not processes_in(workspace), "no process is left")
    assert not (tmp_path / "alone/client_2").exists()  # no client has begun after that


@pytest.mark.parametrize(
    ("missing", "words", "complaint"),
    [
        ("nothing", "alone --clients 3 --run taken", "choose another --run"),
        ("nothing", "pooled --clients 2 --run pooled", "give --clients 3"),
        ("client_1", "alone --clients 3 --run alone", "client_1.npz"),
        ("test", "alone --clients 3 --run alone", "test.npz"),
    ],
    ids=["another run is there", "partitions for other clients", "no client_1", "no test"],
)
def test_what_it_cannot_train_with_is_named_before_anything_starts(
    stage, workspace, tmp_path, missing, words, complaint
):
    shutil.copytree(workspace / "partitions", tmp_path / "partitions")
    (tmp_path / f"partitions/{missing}.npz").unlink(missing_ok=True)
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken/run.json").touch()
    assert complaint in refused(stage, tmp_path, "baselines", *words.split())
