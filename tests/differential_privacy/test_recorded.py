"""What the page shows was recorded with what the code does today, and without a seed."""

import math

import pytest

from beyond.differential_privacy.accountant import delta_of, spent_epsilon
from beyond.differential_privacy.privacy_record import SECRET, read_privacy
from pages.differential_privacy.facts import PAGE, figures


def test_the_recorded_attacker_meets_the_closed_form():
    rows = PAGE.rows("best_attacker")
    assert len(rows) == 12
    for row in rows:
        delta = delta_of(row["mu"], row["epsilon"])
        assert delta == pytest.approx(row["delta"], rel=0.02)  # mu has three digits


def test_the_recorded_federation_has_a_guarantee():
    rows = read_privacy(PAGE.recorded)
    assert {row.noise for row in rows} == {SECRET}
    for number, row in enumerate(rows, 1):
        expected = spent_epsilon(row.noise_multiplier, number, row.delta)
        assert row.epsilon == pytest.approx(expected)
    assert rows[-1].epsilon <= 8 and rows[-1].epsilon == pytest.approx(8)


def test_the_words_for_epsilon_are_right():
    known = figures()
    assert (known["odds_8"], known["odds_2"]) == (f"{math.exp(8):,.0f}", "7.4")
    assert (known["found_8"], known["ten_at_a_millionth"]) == ("55 %", "14.1")
    assert not any("accuracy" in name for name in known)  # it cannot be recorded twice
