"""The page claims what its recordings have, and these have what was asked for."""

import pytest

from beyond.defences import train_with_noise as noised
from beyond.differential_privacy.accountant import spent_epsilon
from pages.defences.facts import PAGE


def test_the_noise_for_epsilon_8_costs_that():
    assert spent_epsilon(noised.EPSILON_8, 60, 0.01) == pytest.approx(8, abs=0.05)


def test_the_strip_and_its_accuracies_belong_together():
    accuracies = {row["noise"]: row["accuracy"] for row in PAGE.rows("noise_accuracy")}
    strip = {row["noise"]: row["accuracy"] for row in PAGE.rows("defences")}
    assert list(strip) == [*noised.NOISES]
    assert all(accuracies[noise] == kept for noise, kept in strip.items())
