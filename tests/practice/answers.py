"""Answers to the exercises: right ones, put together in another way than taken apart, and wrong ones."""

import importlib
import inspect
import json
import textwrap

from beyond.practice import attempt
from beyond.practice.exercises import exercise_named
from beyond.practice.skeleton import PLACEHOLDER, skeleton


def body_of(name):
    """Return the body of "module:function" without its docstring, as Python finds it."""
    module, path = name.split(":")
    function = importlib.import_module(module)
    for part in path.split("."):
        function = getattr(function, part)
    lines = textwrap.dedent(inspect.getsource(function)).split('"""')
    return textwrap.dedent('"""'.join(lines[2:]).strip("\n"))


def right_answer(name):
    """Return an exercise's file with the lesson's bodies in it."""
    exercise = exercise_named(name)
    text = skeleton(exercise, hide=())
    for target in exercise.write:
        before, _, after = text.partition(PLACEHOLDER)
        indent = " " * (len(before) - len(before.rstrip(" ")))
        text = before.rstrip(" ") + textwrap.indent(body_of(target), indent) + after
    return text


def wrong_answer(name, *changes):
    """Return the right answer with `changes`, each made once: old, new, old, new, ..."""
    text = right_answer(name)
    for old, new in zip(changes[::2], changes[1::2], strict=True):
        assert old in text, old
        text = text.replace(old, new, 1)
    return text


def verdict_on(name, text, directory):
    """Return what attempt.py says in this process about an answer: the content of verdict.json."""
    file = directory / f"{name}.py"
    file.write_text(text, encoding="utf-8")
    attempt.main(name=name, path=str(file), work=str(directory), seconds=60)
    return json.loads((directory / "verdict.json").read_text(encoding="utf-8"))
