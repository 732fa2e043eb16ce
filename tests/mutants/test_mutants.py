"""The lists of mistakes fit the code as it stands, and the command that tries them can tell."""

import ast
from functools import cache

import pytest

from support.command_line import RunError
from tests.mutants.__main__ import run_tests, survives
from tests.mutants.entries import FOLDER, Mutant, all_mutants, read_mutants
from tests.support.harness import ROOT


@cache
def named_tests(file):
    """Return the names of the tests in a file, and no name, which stands for all of them."""
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    return {"", *(node.name for node in tree.body if isinstance(node, ast.FunctionDef))}


def test_every_mistake_can_still_be_made_and_has_tests_that_are_there():
    mutants = all_mutants()
    assert len(mutants) == len({*mutants}) >= 200
    for mutant in mutants:
        broken = mutant.apply((ROOT / mutant.file).read_text(encoding="utf-8"))
        if mutant.file.endswith(".py"):
            ast.parse(broken)
        for test in mutant.tests:
            file, _, name = test.partition("::")
            assert name in named_tests(file), test


@pytest.fixture
def copy(tmp_path):
    """A repository with one line of code, and a test that knows half of what it should do."""
    code = "def half(number):\n    return number // 2\n"
    test = "from halves import half\n\ndef test_half():\n    assert half(7) == 3\n"
    (tmp_path / "halves.py").write_text(code, encoding="utf-8")
    (tmp_path / "test_half.py").write_text(test, encoding="utf-8")
    return tmp_path


def mistake(broken, tests=("test_half.py",)):
    return Mutant("halves.py", tests, "    return number // 2\n", broken)


def test_a_mistake_that_no_test_notices_survives_and_the_file_is_whole_again(copy):
    sound = (copy / "halves.py").read_text(encoding="utf-8")
    assert survives(copy, mistake("    return 3\n"))
    assert not survives(copy, mistake("    return number / 2\n"))
    assert (copy / "halves.py").read_text(encoding="utf-8") == sound
    with pytest.raises(RunError, match="ended with"):
        run_tests(copy, ["test_nothing.py"])


def test_a_line_that_is_not_there_exactly_once_is_told():
    with pytest.raises(ValueError, match="has 2 times"):
        mistake("").apply("    return number // 2\n" * 2)
    with pytest.raises(ValueError, match="has 0 times"):
        mistake("").apply("    # return number // 2\n")


def test_a_list_is_read_as_it_is_written(tmp_path):
    text = "# why\n\na.py: t.py::x u.py\n-  one\n-two\n+  three\n\n# so\nb.py: v.py\n-one\n"
    (tmp_path / "list.txt").write_text(text, encoding="utf-8")
    assert read_mutants(tmp_path / "list.txt") == [
        Mutant("a.py", ("t.py::x", "u.py"), "  one\ntwo\n", "  three\n"),
        Mutant("b.py", ("v.py",), "one\n", ""),
    ]
    assert {path.stem for path in FOLDER.glob("*.txt")} >= {"privacy", "engine", "lesson"}
