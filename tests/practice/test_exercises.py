"""Exercises are made from the lesson's files: their answers pass, and they follow when those change."""

import ast
import sys

import pytest

from beyond.practice import attempt, exercises
from beyond.practice.exercises import EXERCISES, exercise_named
from beyond.practice.skeleton import fault_to_read, skeleton, solution
from tests.practice.answers import body_of, right_answer, verdict_on
from tests.support.harness import ROOT

NAMES = [exercise.name for exercise in EXERCISES]


@pytest.fixture
def no_federation(monkeypatch):
    """Deal nothing out for the federation, which other tests run."""
    monkeypatch.setattr(attempt, "load_mnist", lambda: None)
    monkeypatch.setattr(attempt, "write_partitions", lambda *given: None)


@pytest.mark.parametrize("name", NAMES)
def test_the_lessons_own_code_passes(name, tmp_path, no_federation):
    verdict = verdict_on(name, right_answer(name), tmp_path)
    assert verdict["fault"] == [] and verdict["printed"] == ""
    assert len(verdict["passed"]) >= 1


@pytest.mark.parametrize("name", NAMES)
def test_an_exercise_has_all_but_the_bodies(name, tmp_path):
    exercise = exercise_named(name)
    text = skeleton(exercise)
    compile(text, "exercise", "exec")
    for target in exercise.write:
        assert body_of(target) not in text
        assert f"def {target.rpartition('.')[2].rpartition(':')[2]}(" in text
    file = tmp_path / "file.py"
    file.write_text(text, encoding="utf-8")
    assert "is still to be written" in fault_to_read(exercise, file)[0]


@pytest.mark.parametrize("name", NAMES)
def test_an_exercise_imports_what_its_answer_needs_and_nothing_else(name):
    tree = ast.parse(right_answer(name))
    imported = {
        (alias.asname or alias.name).partition(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for alias in node.names
    }
    assert imported <= {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


@pytest.mark.parametrize("name", NAMES)
def test_the_solution_is_the_lessons_code(name):
    shown = "\n".join(code for _, code in solution(exercise_named(name)))
    for target in exercise_named(name).write:
        for line in filter(None, map(str.strip, body_of(target).splitlines())):
            assert line in shown


def test_an_exercise_follows_the_lesson(tmp_path, monkeypatch):
    changed = (ROOT / "partition.py").read_text(encoding="utf-8")
    changed = changed.replace("def iid(labels, clients, rng)", "def iid(labels, owners, rng)")
    changed = changed.replace("Deal the shuffled images", "Deal photos")
    (tmp_path / "partition.py").write_text(changed, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "partition")
    text = skeleton(exercise_named("1"))
    assert "def iid(labels, owners, rng)" in text and "Deal photos out" in text


def test_an_answer_to_an_earlier_lesson_is_told_what_has_changed(tmp_path):
    file = tmp_path / "deal.py"
    earlier = right_answer("deal").replace("iid(labels, clients, rng)", "iid(labels, clients)")
    file.write_text(earlier, encoding="utf-8")
    (line,) = fault_to_read(exercise_named("1"), file)
    assert "takes (labels, clients), and has to take (labels, clients, rng)" in line
    assert "reset 1" in line


def test_the_ten_are_named_and_every_one_has_a_task_and_a_hint():
    assert len(EXERCISES) == 10 and len(set(NAMES)) == 10
    for exercise in EXERCISES:
        assert len(exercise.task.split()) > 20 and len(exercise.hint.split()) > 10
    with pytest.raises(
        exercises.UserError, match="no exercise '11'; python -m beyond.practice lists the 10"
    ):
        exercise_named("11")
