"""What was recorded is complete, keeps its promise by the accountant of today, and was chosen as it says."""

import pytest

from beyond.example_privacy.accountant import spent_epsilon
from beyond.example_privacy.measure import COLUMNS, RUN, SCHEMES, SEARCH, runs
from beyond.example_privacy.search import trials
from beyond.example_privacy.training import DELTA, Run
from pages.example_privacy.facts import PRIVATE, audited, plan_of, rows
from support.tables import read_table


def runs_in(found):
    """Return the Runs that the lines of a table are about."""
    return {Run(**{name: row[name] for name in RUN}) for row in found}


def test_all_is_measured_with_the_settings_that_the_search_has_chosen():
    assert runs_in(read_table(SEARCH, COLUMNS)) == set(trials())
    assert runs_in(rows()) == set(runs(seeds=3))


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("epsilon", PRIVATE)
def test_the_noise_that_was_drawn_keeps_the_promise(scheme, epsilon):
    assert 0.99 * epsilon < spent_epsilon([plan_of(scheme, epsilon)], DELTA) <= epsilon


def test_the_attack_has_found_no_more_than_its_bound_but_finds_nearly_all_without_noise():
    for row in audited().values():
        chance = (row["bound"] * (1 - row["bound"]) / row["trials"]) ** 0.5
        assert row["found"] <= row["bound"] + 3 * chance
    found = [row["found"] for _, row in sorted(audited().items())]
    assert found == sorted(found) and found[-1] > 0.5
