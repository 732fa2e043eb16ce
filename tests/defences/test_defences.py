"""Clipping, noise and sums do what their arithmetic says; commands in small; mistakes get one line."""

from support.command_line import run_command

import csv

import numpy as np
import pytest
import torch

from beyond.attacks import invert_update, read_update
from beyond.attacks.updates import fresh_weights, length_of, update_of
from beyond.defences import defences
from beyond.defences import train_with_noise as noised
from beyond.defences.train_with_noise import CLIP, clipped, mean_of, train_with_noise
from model import make_model

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def weights():
    return fresh_weights()


@pytest.fixture(scope="module")
def partitions():
    """Two clients with forty made-up images each."""
    rng = np.random.default_rng(0)
    return [
        (rng.integers(0, 256, (40, 28, 28), dtype=np.uint8), rng.integers(0, 10, 40))
        for _ in range(2)
    ]


def test_clipping_shortens_and_keeps_the_direction():
    long, short = [np.full(4, 5.0), np.full((3, 4), 5.0)], [np.full(4, 0.01)]
    assert length_of(clipped(long, 2.0)) == pytest.approx(2)
    assert (
        len({round(float(value), 6) for array in clipped(long, 2.0) for value in array.flat}) == 1
    )
    assert (clipped(short, 2.0)[0] == np.float32(0.01)).all()
    assert length_of(clipped([np.zeros(3)], 2.0)) == 0


def test_noise_has_the_deviation_that_is_asked_for(weights):
    zero = [np.zeros_like(array) for array in weights]
    noise = noised.noised(zero, 0.25, np.random.default_rng(3))
    values = np.concatenate([array.ravel() for array in noise])
    assert values.std() == pytest.approx(0.25, rel=0.01) and abs(values.mean()) < 0.005


def test_a_round_is_the_mean_of_clipped_updates_by_hand(weights, partitions):
    (after,) = train_with_noise(partitions, noise=0.0, rounds=1, seed=0)
    updates = [update_of(weights, *part, number=k) for k, part in enumerate(partitions)]
    scales = [min(1, CLIP / length_of(update)) for update in updates]
    for number, array in enumerate(after):
        sum_by_hand = sum(scale * u[number] for scale, u in zip(scales, updates, strict=True))
        assert np.allclose(array, weights[number] + sum_by_hand / 2, atol=1e-6)
    assert np.allclose(mean_of([[np.ones(2)], [np.zeros(2)]])[0], 0.5)


def test_noise_on_the_average_is_z_times_c_by_clients(partitions):
    (plain,) = train_with_noise(partitions, noise=0.0, rounds=1, seed=0)
    (noisy,) = train_with_noise(partitions, noise=3.0, rounds=1, seed=0)
    values = np.concatenate([(a - b).ravel() for a, b in zip(noisy, plain, strict=True)])
    assert values.std() == pytest.approx(3.0 * CLIP / 2, rel=0.01)


def rows(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def test_read_update_in_small(tmp_path, capsys):
    run_command(read_update.main, "read", ["--images", "100", "--output", str(tmp_path)])
    assert "50 of 50 right" in capsys.readouterr().out
    table = rows(tmp_path / "digits.csv")
    assert len(table) == 3 * 10 * 10 and sum(int(row["images"]) for row in table) == 3 * 10 * 100
    assert (tmp_path / "digits.png").stat().st_size > 10_000


def test_invert_update_in_small(tmp_path):
    torch.manual_seed(1)
    state = make_model().state_dict()
    np.savez(tmp_path / "model.npz", **{name: tensor.numpy() for name, tensor in state.items()})
    words = ["--model", tmp_path / "model.npz", "--only", 1, "--steps", 30, "--output", tmp_path]
    run_command(invert_update.main, "invert", list(map(str, words)))
    table = rows(tmp_path / "inversion.csv")
    assert len(table) == 8 and sum(int(row["rank"]) < 6000 for row in table) >= 6
    assert (tmp_path / "inversion.png").exists()


def test_noised_and_defences_in_small(tmp_path):
    accuracies = tmp_path / "accuracies.csv"
    words = ["--rounds", 1, "--images", 20, "--output", accuracies]
    run_command(noised.main, "noised", list(map(str, words)))
    assert [float(row["noise"]) for row in rows(accuracies)] == [*noised.NOISES, noised.EPSILON_8]
    words = ["--steps", 8, "--images", 30, "--accuracies", accuracies, "--output", tmp_path]
    run_command(defences.main, "defences", list(map(str, words)))
    table = rows(tmp_path / "defences.csv")
    assert [row["noise"] for row in table] == ["0", "0.003", "0.01", "0.03", "0.1", "0.3", "1"]
    assert table[0]["labels"] == "50" and int(table[-1]["labels"]) < 25
    assert sorted(row["label"] for row in rows(tmp_path / "sum.csv")) == sorted(
        row["label_read"] for row in rows(tmp_path / "sum.csv")
    )
    assert (tmp_path / "defences.png").exists()


MISTAKES = {
    "no model": (invert_update.main, ["--model", "absent.npz"], "there is no absent.npz"),
    "no case": (invert_update.main, ["--only", "0"], "--only"),
    "no such case": (
        invert_update.main,
        ["--model", "good.npz", "--only", "99"],
        "give --only 1 to",
    ),
    "another model": (invert_update.main, ["--model", "other.npz"], "choose another --model"),
    "damaged model": (invert_update.main, ["--model", "damaged.npz"], "choose another --model"),
    "no accuracies": (
        defences.main,
        ["--accuracies", "absent.csv"],
        "beyond.defences.train_with_noise",
    ),
    "other table": (defences.main, ["--accuracies", "other.csv"], "choose another --accuracies"),
    "not a number": (noised.main, ["--rounds", "many"], "--rounds"),
    "no directory": (read_update.main, ["--output", "damaged.npz/x"], "choose another --output"),
}


@pytest.mark.parametrize("main, words, complaint", MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_gets_one_line(main, words, complaint, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "damaged.npz").write_bytes(b"PK no archive")
    np.savez(tmp_path / "other.npz", weights=np.zeros(3))
    np.savez(tmp_path / "good.npz", **make_model().state_dict())
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    before = sorted(tmp_path.iterdir())
    with pytest.raises(SystemExit) as end:
        run_command(main, "beyond.defences.command", words)
    assert end.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("beyond.defences.command: ") and complaint in line
    assert sorted(tmp_path.iterdir()) == before
