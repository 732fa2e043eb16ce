"""What epsilon lets the best attacker find, against an attacker who is drawn and against the promise."""

import math

import numpy as np
import pytest

from beyond.differential_privacy import best_attacker
from support.command_line import run_command


@pytest.mark.parametrize("mu", [0.3, 1.0, 2.45])
def test_the_attackers_rates_are_those_of_draws(mu):
    rng = np.random.default_rng(0)
    absent, present = rng.standard_normal(200_000), mu + rng.standard_normal(200_000)
    assert best_attacker.auc(mu) == pytest.approx((present > absent).mean(), abs=0.005)
    threshold = np.quantile(absent, 0.99)
    found = best_attacker.true_positive_rate(mu, 0.01)
    assert found == pytest.approx((present > threshold).mean(), abs=0.01)


def test_no_attacker_is_better_than_the_promise():
    mu = best_attacker.mu_of(2, 0.001)
    for rate in np.linspace(0.001, 0.999, 50):
        found = best_attacker.true_positive_rate(mu, rate)
        assert found <= math.exp(2) * rate + 0.001 + 1e-6


def test_the_command_writes_a_table_and_a_picture(tmp_path, capsys):
    run_command(best_attacker.main, ["--output", str(tmp_path)])
    assert len((tmp_path / "best_attacker.csv").read_text(encoding="utf-8").splitlines()) == 13
    assert (tmp_path / "best_attacker.png").stat().st_size > 10_000
    assert "epsilon 8, delta 0.01: mu 2.45, AUC 0.958, finds 55%" in capsys.readouterr().out
