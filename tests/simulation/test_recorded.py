"""The page claims what its recordings have, and these have what was asked for."""

import pytest

from pages.simulation.facts import PAGE, scales
from support.tables import read_history


@pytest.mark.parametrize("clients", [10, 30, 100])
def test_both_engines_have_come_to_the_same_model(clients):
    ours, theirs = scales()["processes", clients], scales()["simulation", clients]
    assert ours.rounds == theirs.rounds
    assert ours.model == theirs.model and ours.accuracy == theirs.accuracy


def test_a_thousand_clients_fit_on_one_machine():
    assert scales()["simulation", 1000].peak_gigabytes <= 3
    assert scales()["simulation", 1000].processes < scales()["processes", 30].processes


def test_a_thousand_clients_with_enough_to_do_learn():
    rows = read_history(PAGE.recorded / "thousand")
    accuracies = [row.accuracy for row in rows]
    assert accuracies == sorted(accuracies)
    assert accuracies[-1] > scales()["simulation", 1000].accuracy + 0.1
    assert {row.clients for row in rows[1:]} == {1000}
