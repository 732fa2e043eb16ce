"""The recordings have every point with the settings that were chosen, and the noise that epsilon asks for."""

import json
import math
from collections import Counter

import pytest
from scipy.stats import norm

from beyond.price import measure, search
from beyond.price.grid import SETTINGS, grid, searched_epsilon
from beyond.price.measure import begun_row, key_of
from pages.price.facts import PAGE, REAL_COLUMNS, found, rows
from support.tables import read_table


def test_what_is_recorded_are_points_of_the_grid_with_the_settings_that_were_chosen():
    points = {key_of(wanted): wanted for wanted in map(begun_row, grid())}
    assert len({key_of(row) for row in rows()}) == len(rows())
    for row in rows():
        assert points[key_of(row)].items() <= row.items()


def test_every_training_with_a_guarantee_is_recorded_with_three_seeds_or_more():
    for point in grid(3):
        if point.privacy != "none":
            assert any(begun_row(point).items() <= row.items() for row in rows())


def test_the_settings_are_the_best_of_the_search():
    trials = read_table(search.TABLE, search.COLUMNS)
    assert search.choose(trials) == json.loads(SETTINGS.read_text(encoding="utf-8"))
    names = (*search.SOUGHT, *search.CHOSEN)
    per_setting = Counter(tuple(row[name] for name in names) for row in trials)
    for (network, clients, *_), seeds in per_setting.items():
        assert seeds == search.SEEDS[network][clients]


def test_with_and_without_noise_all_settings_are_the_same():
    recorded = {key_of(row): row for row in rows()}
    for row in recorded.values():
        epsilon = searched_epsilon(row["clients"], row["epsilon"])
        other = recorded.get(key_of({**row, "privacy": "none", "epsilon": epsilon}))
        if row["privacy"] == "central" and other:
            names = measure.SETTINGS
            assert [row[name] for name in names] == [other[name] for name in names]


def spent_delta(noise_multiplier, rounds, epsilon):
    """Return delta of the Gaussian mechanism in closed form: Balle and Wang 2018, theorem 8."""
    mu = math.sqrt(rounds) / noise_multiplier
    first, second = (norm.cdf(sign * mu / 2 - epsilon / mu) for sign in (1, -1))
    return first - math.exp(epsilon) * second


def test_noise_is_what_the_closed_form_asks_for():
    for row in rows():
        if row["privacy"] == "none":
            assert row["noise_multiplier"] == 0
        else:
            delta = spent_delta(row["noise_multiplier"], row["rounds"], row["epsilon"])
            assert delta == pytest.approx(row["delta"], rel=2e-3)


def test_real_processes_come_to_what_is_recorded():
    for row in read_table(PAGE.recorded / "price_real.csv", REAL_COLUMNS):
        assert row["price"] == found(row["clients"], row["scheme"], row["epsilon"])[0]
        assert row["processes"] == pytest.approx(row["price"], abs=0.002)
