"""README.md says what is true: its code, outputs, figures, links and pictures."""

import re
from fractions import Fraction

import matplotlib.image
import numpy as np
import pytest

import plot_accuracy
from tests.support.harness import ROOT
from tests.support.pages import (
    assert_is_up_to_date,
    assert_leads_somewhere,
    assert_pictures_have_words,
    targets_of,
)
from tests.support.small import read_mnist
from tools.digits import save_digits

README = ROOT / "README.md"
PAGES = [README, ROOT / "data/README.md"]


def test_code_outputs_and_figures_are_those_of_the_files_and_the_recorded_runs():
    assert_is_up_to_date(README)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_relative_link_and_picture_leads_somewhere(page):
    for target in targets_of(page):
        if not target.startswith("beyond/"):  # chapters check who leads to them
            assert_leads_somewhere(page, target)


def test_every_picture_says_in_words_what_it_shows():
    assert_pictures_have_words(README, least=10)


def test_every_diagram_is_shown_in_both_themes():
    text = README.read_text()
    for light in (ROOT / "diagrams").glob("*.light.svg"):
        assert f'src="diagrams/{light.name}"' in text
        assert f'srcset="diagrams/{light.name.replace("light", "dark")}"' in text


def test_a_reader_sees_a_result_before_line_80():
    first_lines = "\n".join(README.read_text().splitlines()[:80])
    assert "accuracy.png" in first_lines
    assert re.search(r"^Round 10 of 10: accuracy 9\d", first_lines, re.MULTILINE)


def test_the_worked_example_is_a_weighted_mean():
    line = re.search(r"^In one line: (.*) = \*\*(.*)\*\*", README.read_text(), re.MULTILINE)
    factors = re.findall(r"([\d.]+) · \((-?[\d.]+)\)", line[1])
    assert sum(Fraction(share) for share, _ in factors) == 1
    assert sum(Fraction(share) * Fraction(weight) for share, weight in factors) == Fraction(line[2])


def test_the_number_of_weights_is_counted():
    import model

    count = sum(weights.size for weights in model.get_weights(model.CNN()))
    assert f"{count:,} weights" in model.CNN.__doc__ and f"{count:,} weights" in README.read_text()


def test_the_recorded_accuracy_picture_shows_the_recorded_history(tmp_path):
    plot_accuracy.main([str(ROOT / "recorded/lesson"), "--output", str(tmp_path / "again.png")])
    shown, again = (
        matplotlib.image.imread(path) for path in (accuracy_png(), tmp_path / "again.png")
    )
    same = (shown == again).all(axis=2) if shown.shape == again.shape else np.zeros(1)
    assert same.mean() > 0.99  # all but the name of the run in the legend


def accuracy_png():
    return ROOT / "recorded/lesson/accuracy.png"


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
