"""README.md says what is true, besides what holds for every page (test_pages.py)."""

import re
import runpy
from fractions import Fraction

import matplotlib.image
import numpy as np
import pytest
import torch

import plot_accuracy
from model import make_model
from pages.lesson.digits import save_digits
from tests.support.harness import ROOT
from tests.support.pages import count_words
from tests.support.pictures import assert_same_picture
from tests.support.small import read_mnist, write_partitions

README = ROOT / "README.md"
ACCURACY_PNG = ROOT / "recorded/lesson/accuracy.png"
HISTORY = (ROOT / "recorded/lesson/history.csv").read_text(encoding="utf-8")
MOST_WORDS = 2900
NOT_IN_THE_LESSON = (
    "proximal|FedProx|FedAdam|held.out|client_evaluation|fraction_fit|noise|clip|epsilon|refusal"
    "|Dirichlet|chapter"
)


def parts(first, last):
    """Return README.md from the heading of the part `first` to the end of the part `last`."""
    text = README.read_text(encoding="utf-8")
    begin, last_part = (text.index(f"\n## Part {number}:") for number in (first, last))
    end = text.index("\n## ", last_part + 1)
    return text[begin:end]


def test_the_lesson_is_short():
    assert count_words(README.read_text(encoding="utf-8")) <= MOST_WORDS


def test_parts_1_to_4_speak_of_nothing_but_the_lesson():
    assert re.findall(NOT_IN_THE_LESSON, parts(1, 4), re.IGNORECASE) == []


def test_every_diagram_is_shown_in_both_themes():
    text = README.read_text(encoding="utf-8")
    for light in (ROOT / "diagrams").glob("*.light.svg"):
        assert f'src="diagrams/{light.name}"' in text
        assert f'srcset="diagrams/{light.name.replace("light", "dark")}"' in text


def test_a_reader_sees_a_result_before_line_80():
    first_lines = "\n".join(README.read_text(encoding="utf-8").splitlines()[:80])
    assert "rounds.light.webp" in first_lines
    assert re.search(r"^Round 10 of 10: accuracy 9\d", first_lines, re.MULTILINE)


def test_the_worked_example_is_a_weighted_mean():
    line = re.search(
        r"^In one line: (.*) = \*\*(.*)\*\*", README.read_text(encoding="utf-8"), re.MULTILINE
    )
    factors = re.findall(r"([\d.]+) · \((-?[\d.]+)\)", line[1])
    assert sum(Fraction(share) for share, _ in factors) == 1
    assert sum(Fraction(share) * Fraction(weight) for share, weight in factors) == Fraction(line[2])


def test_the_number_of_weights_is_counted():
    import model

    count = sum(weights.size for weights in model.get_weights(model.CNN()))
    assert f"{count:,} weights" in model.CNN.__doc__ and f"{count:,} weights" in README.read_text(
        encoding="utf-8"
    )


def test_the_recorded_accuracy_picture_shows_the_recorded_history(tmp_path):
    assert_same_picture(ACCURACY_PNG, picture_of(HISTORY, tmp_path))


def test_a_picture_of_another_history_is_another_picture(tmp_path):
    *rows, last = HISTORY.splitlines(keepends=True)
    number, loss, accuracy, *rest = last.split(",")
    worse = ",".join([number, loss, str(float(accuracy) - 0.09), *rest])
    with pytest.raises(AssertionError):
        assert_same_picture(ACCURACY_PNG, picture_of("".join([*rows, worse]), tmp_path))


def picture_of(history, directory):
    """Return the picture of a run of the lesson that has come to `history`."""
    run = directory / "fedavg"
    run.mkdir()
    (run / "history.csv").write_text(history, encoding="utf-8")
    plot_accuracy.main([str(run)])
    return run / "accuracy.png"


def test_the_digits_shown_are_client_3s(tmp_path):
    mnist = read_mnist()
    mine = np.array_split(np.random.default_rng(0).permutation(60_000), 10)[3]
    np.savez(
        tmp_path / "mine.npz", images=mnist.images[mine], labels=mnist.labels[mine].astype(np.int64)
    )
    save_digits(tmp_path / "mine.npz", tmp_path / "digits.png")
    shown, expected = (
        matplotlib.image.imread(path)
        for path in (ROOT / "recorded/lesson/digits.png", tmp_path / "digits.png")
    )
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
