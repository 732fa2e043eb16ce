"""The baselines train as the federation does, on the data that they say."""

import json
import signal

import numpy as np
import pytest
import torch

from model import CNN, get_weights, to_tensors, train
from support.history import read_history
from support.local_data import split
from tests.support.harness import processes_in, wait_until
from tests.support.lesson import images_of
from tests.support.shared import SIZES


def run(stage, workspace, directory, how, *words):
    """Run beyond/baselines.py for two rounds' worth of passes."""
    common = ["--clients", len(SIZES), "--rounds", 2, "--run", directory]
    command = stage.start("beyond/baselines.py", how, *common, *words, cwd=workspace)
    assert command.wait() == 0, command.output
    return command.output


def test_alone_is_one_model_per_client_trained_on_its_own_images(
    stage, workspace, tmp_path, one_thread
):
    words = ["--local-epochs", 2, "--learning-rate", 0.03]
    run(stage, workspace, tmp_path / "alone", "alone", *words)
    for client in range(len(SIZES)):
        torch.manual_seed(0)
        model = CNN()
        data = to_tensors(*images_of(workspace, client))
        for number in (1, 2):
            rng = np.random.default_rng([0, number, client])
            train(model, *data, epochs=2, rng=rng, learning_rate=0.03)
        with np.load(tmp_path / f"alone/client_{client}/global_model.npz") as file:
            for mine, theirs in zip(get_weights(model), file.values(), strict=True):
                assert (mine == theirs).all()


def test_pooled_is_one_model_trained_on_all_partitions(stage, workspace, tmp_path, one_thread):
    run(stage, workspace, tmp_path / "pooled", "pooled")
    parts = [images_of(workspace, n) for n in range(len(SIZES))]
    torch.manual_seed(0)
    model = CNN()
    data = to_tensors(*map(np.concatenate, zip(*parts, strict=True)))
    for number in (1, 2):
        rng = np.random.default_rng([0, number, 0])
        train(model, *data, epochs=1, rng=rng, learning_rate=0.01)
    with np.load(tmp_path / "pooled/global_model.npz") as file:
        for mine, theirs in zip(get_weights(model), file.values(), strict=True):
            assert (mine == theirs).all()
    assert [row.round for row in read_history(tmp_path / "pooled")] == [0, 1, 2]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_whatever_ends_it_no_process_is_left(stage, workspace, tmp_path, number):
    words = ["alone", "--clients", len(SIZES), "--rounds", 1000, "--run", tmp_path / "alone"]
    command = stage.start("beyond/baselines.py", *words, cwd=workspace)
    second = tmp_path / "alone/client_1/history.csv"
    command.wait_until(second.exists, "the second client trains")
    command.send_to_group(number)
    assert command.wait() == {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGKILL: -9}[number]
    wait_until(lambda: not processes_in(workspace), "no process is left")


def test_clients_of_an_earlier_run_do_not_stay_but_what_is_not_ours_does(
    stage, workspace, tmp_path
):
    (tmp_path / "alone/client_photos").mkdir(parents=True)
    (tmp_path / "alone/client_7").mkdir()
    (tmp_path / "alone/client_7/run.json").touch()
    run(stage, workspace, tmp_path / "alone", "alone")
    names = {path.name for path in (tmp_path / "alone").iterdir()}
    assert names == {"client_photos", *(f"client_{number}" for number in range(len(SIZES)))}


def test_lone_clients_do_not_go_where_another_run_is(stage, workspace, tmp_path):
    (tmp_path / "run.json").touch()
    words = ["alone", "--clients", len(SIZES), "--run", tmp_path]
    finished = stage.run("beyond/baselines.py", *words, cwd=workspace)
    assert finished.status == 2 and "choose another --run" in finished.stderr
    assert list(tmp_path.iterdir()) == [tmp_path / "run.json"]


def test_partitions_for_other_clients_are_not_taken_for_all_images(stage, workspace, tmp_path):
    words = ["pooled", "--clients", len(SIZES) - 1, "--run", tmp_path / "pooled"]
    finished = stage.run("beyond/baselines.py", *words, cwd=workspace)
    assert finished.status == 2 and f"give --clients {len(SIZES)}" in finished.stderr
    assert list(tmp_path.iterdir()) == []


def test_what_clients_would_hold_out_is_not_trained_on_and_the_digits_are_noted(
    stage, workspace, tmp_path
):
    run(stage, workspace, tmp_path / "alone", "alone", "--client-evaluation", "--batch-size", 1000)
    for client, size in enumerate(SIZES):
        settings = json.loads((tmp_path / f"alone/client_{client}/run.json").read_text())[
            "settings"
        ]
        assert settings["partitions"] == [client] and settings["digits"] == list(range(10))
        torch.manual_seed(0)
        model = CNN()
        data = to_tensors(*images_of(workspace, client))
        kept, held_out = split(*data, seed=client)
        assert (len(kept[1]), len(held_out[1])) == (size - size // 10, size // 10)
        for number in (1, 2):  # one step each: the order within a batch is nearly without effect
            rng = np.random.default_rng([0, number, client])
            train(model, *kept, epochs=1, rng=rng, learning_rate=0.02, batch_size=1000)
        with np.load(tmp_path / f"alone/client_{client}/global_model.npz") as file:
            for mine, theirs in zip(get_weights(model), file.values(), strict=True):
                np.testing.assert_allclose(mine, theirs, atol=1e-5)


def test_a_missing_partition_is_named_before_anything_starts(stage, tmp_path):
    words = ["pooled", "--clients", 2, "--run", tmp_path / "pooled"]
    finished = stage.run("beyond/baselines.py", *words, cwd=tmp_path)
    assert finished.status == 2 and "client_0.npz" in finished.stderr
    assert len(finished.stderr.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []
