"""Exercises are made from the lesson's files: their answers pass, and they follow when those change."""

import ast
import sys
import tomllib

import numpy as np
import pytest

from beyond.practice import attempt
from beyond.practice.exercises import EXERCISES, exercise_named
from beyond.practice.judge import Wrong
from beyond.practice.runner import Verdict, keep_accuracies
from beyond.practice.skeleton import fault_to_read, skeleton, solution
from support.command_line import UserError
from tests.practice.answers import body_of, right_answer, verdict_on, wrong_answer
from tests.support.harness import ROOT

NAMES = [exercise.name for exercise in EXERCISES]
OTHERS = tomllib.loads((ROOT / "tests/practice/other_answers.toml").read_text(encoding="utf-8"))


each_exercise = pytest.mark.parametrize("name", NAMES)


@pytest.fixture
def no_federation(monkeypatch):
    """Deal nothing out for the federation, which other tests run."""
    monkeypatch.setattr(attempt, "load_mnist", lambda: None)
    monkeypatch.setattr(attempt, "write_partitions", lambda *given: None)


@each_exercise
def test_the_lessons_own_code_passes(name, tmp_path, no_federation):
    verdict = verdict_on(name, right_answer(name), tmp_path)
    assert verdict["fault"] == [] and verdict["printed"] == "" and verdict["passed"]


@pytest.mark.parametrize("name, case", [(name, case) for name in OTHERS for case in OTHERS[name]])
def test_another_right_answer_passes(name, case, tmp_path, no_federation):
    helper = "def unchanged(value):\n    return value\n"
    (tmp_path / "helper.py").write_text(helper, encoding="utf-8")
    assert verdict_on(name, wrong_answer(name, *OTHERS[name][case]), tmp_path)["fault"] == []


@pytest.mark.parametrize(
    "accuracies, is_right", [((0.1, 0.16, 0.12, 0.07), False), ((0.1, 0.5), True)]
)
def test_a_federation_is_judged_by_its_last_round(accuracies, is_right):
    verdict = Verdict()
    keep_accuracies(verdict, "yours", accuracies)
    assert bool(verdict.passed) == is_right == (not verdict.fault)


def test_every_client_of_the_federation_has_a_part(tmp_path):
    images = (np.zeros((8, 28, 28), np.uint8), np.zeros(8, int))
    with pytest.raises(Wrong, match="2 clients get 1 parts"):
        attempt.write_partitions(tmp_path, (images, images), lambda *given: [np.arange(8)], 2)


@each_exercise
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


@each_exercise
def test_an_exercise_imports_what_its_answer_needs_and_nothing_else(name):
    nodes = list(ast.walk(ast.parse(right_answer(name))))
    aliases = [node for node in nodes if isinstance(node, ast.alias)]
    imported = {(alias.asname or alias.name).partition(".")[0] for alias in aliases}
    assert imported <= {node.id for node in nodes if isinstance(node, ast.Name)}


@each_exercise
def test_the_solution_is_the_lessons_code(name):
    shown = "\n".join(code for _, code in solution(exercise_named(name)))
    for target in exercise_named(name).write:
        assert all(line.strip() in shown for line in body_of(target).splitlines())


def test_an_exercise_follows_the_lesson(tmp_path, monkeypatch):
    lesson = (ROOT / "partition.py").read_text(encoding="utf-8")
    lesson = lesson.replace("def iid(labels, clients, rng)", "def iid(labels, owners, rng)")
    lesson = lesson.replace("Deal the shuffled images", "Deal photos")
    (tmp_path / "partition.py").write_text(lesson, encoding="utf-8")
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


@pytest.mark.parametrize(
    "name, missing, where",
    [
        ("deal", "def iid", "at the top level of"),
        ("fit", "def fit", "in the class FlowerClient of"),
        ("without_nan", "class WithoutNaN", "at the top level of"),
    ],
)
def test_a_function_that_is_missing_is_missed_where_it_has_to_be(tmp_path, name, missing, where):
    file = tmp_path / f"{name}.py"
    file.write_text(wrong_answer(name, missing, f"{missing}_of_another_name"), encoding="utf-8")
    (line,) = fault_to_read(exercise_named(name), file)
    assert f"There is no {missing} {where}" in line and f"--folder {tmp_path}" in line


@each_exercise
def test_what_gives_an_answer_away_is_in_the_solution_only(name):
    exercise = exercise_named(name)
    shown = "\n".join(code for _, code in solution(exercise))
    for hidden in (*exercise.hide, "_is_float"):
        assert hidden not in skeleton(exercise)
        assert hidden not in exercise.hide or f" import {hidden}" in shown or f", {hidden}" in shown


def test_the_ten_are_named_and_every_one_has_a_task_and_a_hint():
    assert len(EXERCISES) == 10 and len(set(NAMES)) == 10
    for exercise in EXERCISES:
        assert len(exercise.task.split()) > 20 and len(exercise.hint.split()) > 10
    missing = "no exercise '11'; python -m beyond.practice lists the 10"
    with pytest.raises(UserError, match=missing):
        exercise_named("11")
