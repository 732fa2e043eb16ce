"""The baselines train as the federation does, on the data that they say."""

from support.history import read_history
from support.partitions import load_partition

import json
import re
import shutil
import signal

import numpy as np
import pytest
import torch

from beyond.heterogeneity.local_data import split
from model import CNN, evaluate, get_weights, set_weights, to_tensors, train
from tests.heterogeneity.commands import module, refused
from tests.support.harness import processes_in, wait_until
from tests.support.lesson import untrained
from tests.support.shared import CLIENTS, SIZES

BASELINES = module("baselines")


def run(start_warm, workspace, directory, how, *words):
    """Train for two rounds' worth of passes; return what is printed."""
    common = ["--clients", len(SIZES), "--rounds", 2, "--run", directory]
    command = start_warm([*BASELINES, how, *common, *words], workspace)
    assert command.wait() == 0, command.output
    return command.stdout


def trained_by_hand(parts, first_id, learning_rate, epochs=1, batch_size=32):
    """Return the weights after two rounds' worth of passes over `parts`, a list of partitions."""
    torch.manual_seed(0)
    model = CNN()
    data = to_tensors(*map(np.concatenate, zip(*parts, strict=True)))
    for number in (1, 2):
        rng = np.random.default_rng([0, number, first_id])
        train(model, *data, epochs, rng, learning_rate, batch_size)
    return get_weights(model)


def weights_in(directory):
    """Return the arrays of the model on record."""
    with np.load(directory / "global_model.npz") as file:
        return list(file.values())


@pytest.fixture
def parts(workspace):
    """The partitions of all clients."""
    return [load_partition(workspace / f"partitions/client_{number}.npz") for number in CLIENTS]


def test_alone_is_one_model_per_client_trained_on_its_own_images(
    start_warm, workspace, tmp_path, parts, one_thread
):
    words = ["--local-epochs", 2, "--learning-rate", 0.03]
    output = run(start_warm, workspace, tmp_path / "alone", "alone", *words)
    lines = []
    for client in CLIENTS:
        directory = tmp_path / f"alone/client_{client}"
        expected = trained_by_hand([parts[client]], client, 0.03, epochs=2)
        assert all(map(np.array_equal, weights_in(directory), expected))
        last = read_history(directory)[-1]
        lines.append(f"{directory}: {last.accuracy:.2%} after 2 rounds' worth of passes")
    assert sorted(output.splitlines()) == lines  # one line each


def test_pooled_is_one_model_trained_on_all_partitions(
    start_warm, workspace, tmp_path, parts, one_thread
):
    output = run(start_warm, workspace, tmp_path / "pooled", "pooled")
    expected = trained_by_hand(parts, 0, learning_rate=0.01)
    assert all(map(np.array_equal, weights_in(tmp_path / "pooled"), expected))
    history = read_history(tmp_path / "pooled")
    assert [row.round for row in history] == [0, 1, 2]
    *progress, last = output.splitlines()
    for row, line in zip(history, progress, strict=True):
        assert re.fullmatch(rf"Round +{row.round}: accuracy {row.accuracy:.2%}, \d+\.\d s", line)
    assert last.startswith(f"{tmp_path}/pooled: {history[-1].accuracy:.2%} after 2 rounds")


def test_the_first_weights_depend_on_the_seed(stage, workspace, tmp_path, one_thread):
    """Seen to fail without torch.manual_seed, and with torch.manual_seed(0)."""
    test = to_tensors(*load_partition(workspace / "partitions/test.npz"))
    for seed in (0, 7):
        words = ["pooled", "--clients", len(SIZES), "--rounds", 1, "--seed", seed]
        finished = stage.run(*BASELINES, *words, "--run", tmp_path / str(seed), cwd=workspace)
        assert finished.status == 0, finished
        model = CNN()
        set_weights(model, untrained(seed))
        first = read_history(tmp_path / str(seed))[0]
        assert (first.loss, first.accuracy) == evaluate(model, *test)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_whatever_ends_it_no_process_is_left(start_warm, workspace, tmp_path, number):
    words = ["alone", "--clients", len(SIZES), "--rounds", 1000, "--run", tmp_path / "alone"]
    command = start_warm([*BASELINES, *words], workspace)
    second = tmp_path / "alone/client_1/history.csv"
    command.wait_until(second.exists, "the second client trains")
    command.send_to_group(number)
    assert command.wait() == {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGKILL: -9}[number]
    wait_until(lambda: not processes_in(workspace), "no process is left")


def test_one_that_fails_ends_all_of_them(start_warm, workspace, tmp_path):
    """Seen to fail when in_parallel begins another job before it looks at how one has ended."""
    (tmp_path / "alone").mkdir()
    (tmp_path / "alone/client_0").touch()  # where a record is to be
    words = ["alone", "--clients", len(SIZES), "--rounds", 1000, "--run", tmp_path / "alone"]
    command = start_warm([*BASELINES, *words], workspace)
    assert command.wait() == 2
    assert len(command.stderr.splitlines()) == 1 and "alone/client_0" in command.stderr
    wait_until(lambda: not processes_in(workspace), "no process is left")
    assert not (tmp_path / "alone/client_2").exists()  # nobody has begun after that


def test_clients_of_an_earlier_run_do_not_stay_but_what_is_not_ours_does(
    start_warm, workspace, tmp_path
):
    (tmp_path / "alone/client_photos").mkdir(parents=True)
    (tmp_path / "alone/client_7").mkdir()
    (tmp_path / "alone/client_7/run.json").touch()
    run(start_warm, workspace, tmp_path / "alone", "alone")
    names = {path.name for path in (tmp_path / "alone").iterdir()}
    assert names == {"client_photos", *(f"client_{number}" for number in CLIENTS)}


def test_lone_clients_do_not_go_where_another_run_is(stage, workspace, tmp_path):
    (tmp_path / "run.json").touch()
    words = ["alone", "--clients", len(SIZES), "--run", tmp_path]
    assert "choose another --run" in refused(stage, workspace, "baselines", *words)
    assert list(tmp_path.iterdir()) == [tmp_path / "run.json"]


def test_partitions_for_other_clients_are_not_taken_for_all_images(stage, workspace, tmp_path):
    words = ["pooled", "--clients", len(SIZES) - 1, "--run", tmp_path / "pooled"]
    assert f"give --clients {len(SIZES)}" in refused(stage, workspace, "baselines", *words)
    assert list(tmp_path.iterdir()) == []


def test_what_clients_would_hold_out_is_not_trained_on_and_the_digits_are_noted(
    start_warm, workspace, tmp_path, parts
):
    run(
        start_warm,
        workspace,
        tmp_path / "alone",
        "alone",
        "--client-evaluation",
        "--batch-size",
        1000,
    )
    for client, size in enumerate(SIZES):
        directory = tmp_path / f"alone/client_{client}"
        description = json.loads((directory / "run.json").read_text())
        settings = description["settings"]
        assert description["command"] == "beyond.heterogeneity.baselines"
        assert settings["partitions"] == [client] and settings["digits"] == list(range(10))
        images, labels = parts[client]
        kept, held_out = split(*map(torch.from_numpy, (images, labels)), seed=client)
        assert (len(kept[1]), len(held_out[1])) == (size - size // 10, size // 10)
        kept = [tensor.numpy() for tensor in kept]
        # One step each: the order within a batch is nearly without effect.
        expected = trained_by_hand([kept], client, learning_rate=0.02, batch_size=1000)
        for mine, theirs in zip(weights_in(directory), expected, strict=True):
            np.testing.assert_allclose(mine, theirs, atol=1e-5)


@pytest.mark.parametrize("missing", ["client_1", "test"])
def test_a_missing_partition_is_named_before_anything_starts(stage, workspace, tmp_path, missing):
    shutil.copytree(workspace / "partitions", tmp_path / "partitions")
    (tmp_path / f"partitions/{missing}.npz").unlink()
    words = ["alone", "--clients", len(SIZES), "--run", "alone"]
    assert f"{missing}.npz" in refused(stage, tmp_path, "baselines", *words)
    assert not (tmp_path / "alone").exists()
