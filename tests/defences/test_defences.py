"""Clipping, noise and sums do what their arithmetic says; commands in small; mistakes get one line."""

import csv
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from beyond.attacks import invert_update, read_update, training_images
from beyond.attacks.updates import fresh_weights, length_of, update_of
from beyond.defences import defences
from beyond.defences import train_with_noise as noised
from beyond.defences.defended_updates import defended, mean_of
from beyond.defences.train_with_noise import CLIP, train_with_noise
from model import make_model
from support.command_line import run_command


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


def flat(weights):
    """Return all numbers of a list of arrays, one after the other."""
    return np.concatenate([array.ravel() for array in weights])


def test_a_round_is_the_mean_of_clipped_updates_by_hand_and_every_round_shuffles_anew(
    weights, partitions
):
    sent = weights
    for number, after in enumerate(train_with_noise(partitions, noise=0.0, rounds=2, seed=0), 1):
        updates = [
            update_of(sent, *part, number=k, server_round=number)
            for k, part in enumerate(partitions)
        ]
        clipped = [min(1, CLIP / length_of(update)) * flat(update) for update in updates]
        assert np.allclose(flat(after), flat(sent) + sum(clipped) / 2, atol=1e-6)
        assert [array.dtype for array in after] == [array.dtype for array in weights]
        sent = after


def test_noise_on_the_average_is_z_times_c_by_clients_and_every_seed_has_its_own(partitions):
    noises = []
    for seed in (0, 1):
        plain, noisy = (next(train_with_noise(partitions, z, 1, seed)) for z in (0.0, 3.0))
        noises.append(flat(noisy) - flat(plain))
    assert noises[0].std() == pytest.approx(3.0 * CLIP / 2, rel=0.01)
    assert abs(np.corrcoef(*noises)[0, 1]) < 0.05


def test_clients_have_so_many_images_of_those_that_the_seed_deals_them(few_images, mnist):
    partitions, (tests, _) = noised.deal(seed=2, per_client=7)
    order = np.random.default_rng(2).permutation(6000)
    for share, (images, labels) in zip(np.array_split(order, 10), partitions, strict=True):
        assert (images == mnist.images[share[:7]]).all() and len(labels) == 7
    assert len(tests) == 500


def test_what_the_sum_tells_is_counted_digit_by_digit(capsys):
    ten = SimpleNamespace(labels=[0, 0, 1, 7], read=[0, 1, 1, 9], ranks=[1, 5, 1, 1])
    defences.print_sum(ten, 6)
    printed = capsys.readouterr().out
    assert "each: 2 of 10 labels, rank 1 for 3 of 10 images" in printed
    assert "digits of 6 of 10 clients" in printed


def test_an_attacked_update_is_clipped_and_has_the_noise_that_is_asked_for(weights):
    long, zero = ([np.full_like(array, value) for array in weights] for value in (5, 0))
    assert length_of(defended(long, 0, seed=3, number=0)) == pytest.approx(CLIP)
    values = flat(defended(zero, 0.25, seed=3, number=0))
    assert values.std() == pytest.approx(0.25 * CLIP, rel=0.01) and values.dtype == np.float32
    for other in ({"seed": 4, "number": 0}, {"seed": 3, "number": 1}):
        assert abs(np.corrcoef(values, flat(defended(zero, 0.25, **other)))[0, 1]) < 0.05
    assert np.allclose(mean_of([[np.ones(2)], [np.zeros(2)]])[0], 0.5)


@pytest.fixture
def few_images(monkeypatch, mnist):
    """Let commands find a tenth of MNIST where they would load all of it."""
    training = mnist.images[:6000], mnist.labels[:6000].astype(np.int64)
    tests = mnist.test_images[:500], mnist.test_labels[:500].astype(np.int64)
    for module in (training_images, noised):
        monkeypatch.setattr(module, "load_mnist", lambda: (training, tests))


@pytest.fixture
def run_in_small(few_images, tmp_path, monkeypatch):
    """run_in_small(module, words) runs a command in a directory of its own."""
    monkeypatch.chdir(tmp_path)
    return lambda module, words: run_command(module.main, words.split())


def rows(name):
    """Return a table that a command has written, a row a dictionary."""
    with open(name, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_read_update_in_small(run_in_small, capsys):
    run_in_small(read_update, "--images 100 --output .")
    assert "50 of 50 right" in capsys.readouterr().out
    images = [int(row["images"]) for row in rows("digits.csv")]
    assert len(images) == 3 * 10 * 10 and sum(images) == 3 * 10 * 100
    assert Path("digits.png").stat().st_size > 10_000


def test_invert_update_in_small(run_in_small):
    torch.manual_seed(1)
    np.savez("model.npz", **make_model().state_dict())
    run_in_small(invert_update, "--model model.npz --only 1 --steps 15 --output .")
    table = rows("inversion.csv")
    assert len(table) == 8 and sum(int(row["rank"]) < 600 for row in table) >= 6
    assert {row["case"] for row in table} == {"one image, fresh model"}
    assert Path("inversion.png").exists()


def test_noised_and_defences_in_small(run_in_small):
    run_in_small(noised, "--rounds 1 --images 20 --output accuracies.csv")
    table = rows("accuracies.csv")
    assert [float(row["noise"]) for row in table] == [*noised.NOISES, noised.EPSILON_8]
    assert all(0 < float(row["accuracy"]) <= 1 for row in table)
    run_in_small(defences, "--steps 8 --images 30 --accuracies accuracies.csv --output .")
    table = rows("defences.csv")
    assert [row["noise"] for row in table] == ["0", "0.003", "0.01", "0.03", "0.1", "0.3", "1"]
    assert table[0]["labels"] == "50" and int(table[-1]["labels"]) < 25
    assert int(table[-1]["digits"]) < int(table[0]["digits"])
    assert all(float(row["least_rank"]) <= float(row["median_rank"]) for row in table)
    assert any(float(row["least_rank"]) < float(row["median_rank"]) for row in table)
    labels, read = ([row[name] for row in rows("sum.csv")] for name in ("label", "label_read"))
    assert sorted(labels) == sorted(read)
    assert Path("defences.png").exists()


@pytest.mark.parametrize(
    "module, words, complaint",
    [
        (invert_update, "--model absent.npz", "there is no absent.npz"),
        (invert_update, "--only 0", "--only"),
        (invert_update, "--model good.npz --only 99", "give --only 1 to"),
        (invert_update, "--model other.npz", "choose another --model"),
        (invert_update, "--model damaged.npz", "choose another --model"),
        (defences, "--accuracies absent.csv", "beyond.defences.train_with_noise"),
        (defences, "--accuracies other.csv", "choose another --accuracies"),
        (noised, "--rounds many", "--rounds"),
        (read_update, "--output damaged.npz/x", "choose another --output"),
    ],
)
def test_a_mistake_gets_one_line(
    refuses_here, few_images, tmp_path, monkeypatch, module, words, complaint
):
    monkeypatch.chdir(tmp_path)
    Path("damaged.npz").write_bytes(b"PK no archive")
    Path("other.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    np.savez("other.npz", weights=np.zeros(3))
    np.savez("good.npz", **make_model().state_dict())
    assert complaint in refuses_here(module.__name__, *words.split())
