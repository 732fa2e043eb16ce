"""The recorded pictures of rooms are those that the code draws from the recorded tables."""

import math

import numpy as np
import pytest

from beyond.attacks import read_update
from beyond.attacks.inversion_grid import Result
from beyond.attacks.invert_update import COLUMNS as INVERSIONS
from beyond.attacks.invert_update import row_of, summary
from beyond.attacks.plots import draw as draw_inversions
from beyond.differential_privacy import best_attacker
from beyond.price import plots
from beyond.price.measure import COLUMNS
from beyond.simulation import plot_scale
from pages.page import Page
from pages.price.facts import rows as price_rows
from pages.simulation.facts import scales
from support.figures import save_figure
from tests.support.pictures import assert_same_picture


def draw_digits(path):
    """Draw digits.csv; a row is a scheme, a client and a digit, in this order."""
    table, results = Page("attacks").rows("digits"), {}
    for scheme in read_update.SCHEMES:
        mine = [row for row in table if row["scheme"] == scheme]
        parts = [[row[name] for row in mine] for name in ("images", "read")]
        counts, read = (np.array(part).reshape(10, 10) for part in parts)
        results[scheme] = counts, read.astype(bool)
        assert [row[:3] for row in read_update.rows_of({scheme: results[scheme]})] == [
            [scheme, client, digit] for client in range(10) for digit in range(10)
        ]
    read_update.draw(results, path)


DRAWN = {
    "price/price": lambda path: save_figure(plots.draw(price_rows()), path, "--output"),
    "simulation/scale": lambda path: plot_scale.draw([*scales().values()]).savefig(path),
    "differential_privacy/best_attacker": best_attacker.draw,
    "attacks/digits": draw_digits,
}


@pytest.mark.parametrize("picture", DRAWN)
def test_a_recorded_picture_shows_the_recorded_table(tmp_path, picture):
    room, name = picture.split("/")
    DRAWN[picture](tmp_path / "again.png")
    assert_same_picture(Page(room).recorded / f"{name}.png", tmp_path / "again.png")


def test_the_price_is_a_mean_of_seeds_with_bars_from_the_lowest_to_the_highest():
    common = {"network": "edges", "privacy": "central", "clients": 10, "scheme": "iid"}
    rows = [
        {**dict.fromkeys(COLUMNS), **common, "epsilon": epsilon, "accuracy": accuracy}
        for epsilon, found in {2.0: (0.4, 0.5, 0.9), 8.0: (0.7,)}.items()
        for accuracy in found
    ]
    _, panel = plots.draw(rows).axes  # IID is on the right
    [bars] = panel.containers
    line, _, (lengths,) = bars
    assert line.get_xydata().tolist() == [[2.0, pytest.approx(60)], [8.0, pytest.approx(70)]]
    ends = [[end[1] for end in segment] for segment in lengths.get_segments()]
    assert ends == [pytest.approx([40, 90]), pytest.approx([70, 70])]


@pytest.fixture
def drawn(monkeypatch):
    """A list that gets figures instead of their being saved."""
    figures = []
    for module in ("differential_privacy.best_attacker", "attacks.plots"):
        name = f"beyond.{module}.save_figure"
        monkeypatch.setattr(name, lambda figure, *where, **how: figures.append(figure))
    return figures


def test_the_best_attackers_curves_are_those_of_the_middle_delta(drawn):
    best_attacker.draw(None)
    [axes] = drawn[0].axes
    for epsilon, line in zip(best_attacker.EPSILONS, axes.get_lines(), strict=False):
        accused, found = line.get_data()
        assert (found[0], found[-1]) == (accused[0], accused[-1]) == (0, 1)
        # No attacker is better than the promise, and this one comes near it.
        slack = math.exp(epsilon) * np.array(accused) + 0.001 - np.array(found)
        assert slack.min() >= -1e-9 and slack.min() < 0.01


def test_an_inversion_is_drawn_beneath_its_original_with_its_rank(drawn):
    image = np.arange(784, dtype=np.uint8).reshape(28, 28)
    guess = np.full((28, 28), 0.25)
    result = Result("a case", 7, 1234, 12.345, 0.001234, image, guess)
    draw_inversions([[result, result]], None)
    [figure] = drawn
    above, below = figure.axes[0], figure.axes[8]
    np.testing.assert_allclose(above.images[0].get_array(), 1 - image / 127.5)  # ink is dark
    assert below.images[0].get_array().min() == -0.25 and below.get_xlabel() == "rank 1,234\n12 dB"
    names = ["case", "image", "rank", "psnr", "update_length"]
    assert (list(INVERSIONS), row_of(result)) == (names, ["a case", 7, 1234, "12.35", "1.234e-03"])
    in_words = "a case: rank 1 for 0 of 1, median PSNR 12.3 dB, update 1.2e-03"
    assert summary([result]).startswith(in_words)
