"""A wrong answer is told what it gets wrong: all mistakes of mistakes.toml are made, and the words read."""

import tomllib

import pytest

from beyond.practice.exercises import EXERCISES
from tests.practice.answers import verdict_on, wrong_answer
from tests.support.harness import ROOT

MISTAKES = tomllib.loads((ROOT / "tests/practice/mistakes.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name, case", [(name, one) for name in MISTAKES for one in MISTAKES[name]])
@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # a mistake may divide by zero
def test_a_mistake_is_named(name, case, tmp_path):
    words, *changes = MISTAKES[name][case]
    verdict = verdict_on(name, wrong_answer(name, *changes), tmp_path)
    assert words in " ".join(verdict["fault"]), verdict


@pytest.mark.parametrize("name", [exercise.name for exercise in EXERCISES])
def test_four_mistakes_are_known_at_least(name):
    assert len(MISTAKES[name]) >= 4
