"""README.md says what is true: its code, outputs, figures, links and pictures."""

import re
import subprocess
import sys
from fractions import Fraction

import matplotlib.image
import numpy as np
import pytest

import plot_accuracy
from tests.support.harness import ROOT
from tests.support.small import read_mnist
from tools.digits import save_digits

README = ROOT / "README.md"
CHAPTER = ROOT / "beyond/heterogeneous_data.md"
PAGES = [README, CHAPTER, ROOT / "beyond/README.md", ROOT / "data/README.md"]


def prose(markdown):
    """Return `markdown` without code, comments and cog's own lines."""
    markdown = re.sub(r"^```.*?^```", "", markdown, flags=re.MULTILINE | re.DOTALL)
    return re.sub(r"<!--.*?-->", "", markdown, flags=re.DOTALL)


def anchors(markdown):
    """Return the anchors that a page's headings get, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", prose(markdown), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", [README, CHAPTER], ids=lambda page: page.name)
def test_code_outputs_and_figures_are_those_of_the_files_and_the_recorded_runs(page):
    words = [
        "-m",
        "cogapp",
        "--check",
        "-P",
        "-I",
        ".",
        "-p",
        "from tools.snippets import *",
        str(page.relative_to(ROOT)),
    ]
    checked = subprocess.run([sys.executable, *words], cwd=ROOT, capture_output=True, text=True)
    assert checked.returncode == 0, (
        f"{page.name} has drifted; make readme\n{checked.stdout}{checked.stderr}"
    )


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_relative_link_and_picture_leads_somewhere(page):
    text = page.read_text()
    targets = re.findall(r"\]\(([^)\s]+)\)", prose(text)) + re.findall(
        r'(?:src|srcset)="([^"]+)"', text
    )
    local = [target for target in targets if not target.startswith("https://")]
    for target in local:
        file, _, anchor = target.partition("#")
        where = page.parent / file if file else page
        assert where.exists(), f"{page.name} points to {target}"
        assert not anchor or anchor in anchors(where.read_text()), f"{page.name} points to {target}"
    assert len(targets) > 0


@pytest.mark.parametrize("page, least", [(README, 10), (CHAPTER, 6)], ids=["README", "chapter"])
def test_every_picture_says_in_words_what_it_shows(page, least):
    pictures = re.findall(r"<img [^>]*>", page.read_text())
    assert len(pictures) >= least
    for picture in pictures:
        assert len(re.search(r'alt="([^"]*)"', picture)[1].split()) >= 10, picture


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
