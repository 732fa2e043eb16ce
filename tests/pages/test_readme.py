"""README.md says what is true, besides what holds for every page (test_pages.py)."""

import re
import runpy
from fractions import Fraction
from operator import mul

import matplotlib.image
import numpy as np
import pytest
import torch

import plot_accuracy
from model import CNN, get_weights, make_model
from pages.lesson.digits import save_digits
from tests.support.harness import ROOT
from tests.support.pages import count_words
from tests.support.pictures import assert_same_picture
from tests.support.small import save_partition, write_partitions

README = (ROOT / "README.md").read_text(encoding="utf-8")
ACCURACY_PNG = ROOT / "recorded/lesson/accuracy.png"
HISTORY = (ROOT / "recorded/lesson/history.csv").read_text(encoding="utf-8")
MOST_WORDS = 2900
NOT_IN_THE_LESSON = (
    "proximal|FedProx|FedAdam|held.out|client_evaluation|fraction_fit|noise|clip|epsilon|refusal"
    "|Dirichlet|chapter"
)


def parts(first, last):
    """Return README.md from the heading of the part `first` to the end of the part `last`."""
    begin, last_part = (README.index(f"\n## Part {number}:") for number in (first, last))
    return README[begin : README.index("\n## ", last_part + 1)]


def test_the_lesson_is_short():
    assert count_words(README) <= MOST_WORDS


def test_parts_1_to_4_speak_of_nothing_but_the_lesson():
    assert re.findall(NOT_IN_THE_LESSON, parts(1, 4), re.IGNORECASE) == []


def test_every_diagram_is_shown_in_both_themes():
    for light in (ROOT / "diagrams").glob("*.light.svg"):
        assert f'src="diagrams/{light.name}"' in README
        assert f'srcset="diagrams/{light.name.replace("light", "dark")}"' in README


def test_a_reader_sees_a_result_before_line_80():
    first_lines = "\n".join(README.splitlines()[:80])
    assert "rounds.light.webp" in first_lines
    assert re.search(r"^Round 10 of 10: accuracy 9\d", first_lines, re.MULTILINE)


def test_the_worked_example_is_a_weighted_mean():
    line = re.search(r"^In one line: (.*) = \*\*(.*)\*\*", README, re.MULTILINE)
    factors = re.findall(r"([\d.]+) · \((-?[\d.]+)\)", line[1])
    shares, weights = (list(map(Fraction, part)) for part in zip(*factors, strict=True))
    assert sum(shares) == 1
    assert sum(map(mul, shares, weights)) == Fraction(line[2])


def test_the_number_of_weights_is_counted():
    count = sum(weights.size for weights in get_weights(CNN()))
    assert f"{count:,} weights" in CNN.__doc__ and f"{count:,} weights" in README


def test_the_recorded_accuracy_picture_shows_the_recorded_history_and_no_other(tmp_path):
    *rows, last = HISTORY.splitlines(keepends=True)
    number, loss, accuracy, *rest = last.split(",")
    worse = ",".join([number, loss, str(float(accuracy) - 0.09), *rest])
    for name, history in {"recorded": HISTORY, "another": "".join([*rows, worse])}.items():
        run = tmp_path / name / "fedavg"
        run.mkdir(parents=True)
        (run / "history.csv").write_text(history, encoding="utf-8")
        plot_accuracy.main([str(run)])
    assert_same_picture(ACCURACY_PNG, tmp_path / "recorded/fedavg/accuracy.png")
    with pytest.raises(AssertionError):
        assert_same_picture(ACCURACY_PNG, tmp_path / "another/fedavg/accuracy.png")


def test_the_digits_shown_are_client_3s(tmp_path, mnist):
    mine = np.array_split(np.random.default_rng(0).permutation(60_000), 10)[3]
    save_partition(tmp_path / "mine.npz", mnist.images[mine], mnist.labels[mine])
    save_digits(tmp_path / "mine.npz", tmp_path / "digits.png")
    paths = (ROOT / "recorded/lesson/digits.png", tmp_path / "digits.png")
    shown, expected = map(matplotlib.image.imread, paths)
    assert (shown == expected).all()


def test_the_lines_that_use_the_model_read_a_digit(tmp_path, monkeypatch, capsys, mnist):
    write_partitions(tmp_path, mnist, sizes=[1], test_size=3)
    (tmp_path / "results/fedavg").mkdir(parents=True)
    torch.manual_seed(0)
    network = make_model()
    np.savez(tmp_path / "results/fedavg/global_model.npz", **network.state_dict())
    monkeypatch.chdir(tmp_path)
    runpy.run_module("pages.lesson.classify")
    with np.load("partitions/test.npz") as test:
        image, label = test["images"][0], test["labels"][0]
    with torch.no_grad():
        scores = network(torch.tensor(image / 127.5 - 1, dtype=torch.float32)[None, None])
    assert capsys.readouterr().out == f"The model reads {scores.argmax()}, the label says {label}\n"
