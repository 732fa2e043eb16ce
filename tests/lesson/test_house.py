"""The lesson's files stay a lesson: short, about one thing, and ignorant of chapters."""

import ast
import re

import pytest

from tests.support.harness import ROOT

MOST_LINES = {"client.py": 80, "server.py": 85, "partition.py": 95, "model.py": 90}
LESSON = [*MOST_LINES, "federation.py", "plot_accuracy.py"]
SUPPORT = sorted(path.name for path in (ROOT / "support").glob("*.py") if path.stem != "__init__")
NOT_OURS = {ROOT / ".venv", ROOT / "practice"}  # the second is what a reader has written
CODE = [path for path in ROOT.rglob("*.py") if not NOT_OURS & {*path.parents}]
OF_CHAPTERS = (
    "proximal|FedProx|FedAdam|FedYogi|FedAvgM|held.out|client_evaluation|fraction_fit|penalty|noise|clip"
    "|epsilon|refusal|secagg|ServerApp|ClientApp|beyond"
)


def imports_of(path):
    """Return the names of all modules that a file imports, wherever in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module)
    return found


@pytest.mark.parametrize("name, most", MOST_LINES.items())
def test_a_file_of_the_lesson_is_short(name, most):
    assert len((ROOT / name).read_text().splitlines()) <= most


@pytest.mark.parametrize("name", LESSON)
def test_a_file_of_the_lesson_knows_no_chapter(name):
    assert re.findall(OF_CHAPTERS, (ROOT / name).read_text(), re.IGNORECASE) == []


@pytest.mark.parametrize("path", CODE, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_function_is_long_and_no_check_is_switched_off(path):
    text = path.read_text()
    assert not re.search("#" + r" *(noqa|ruff:)", text)
    if "tests" in path.parts:
        return
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            assert code_lines(node) <= 20, f"{node.name} has {code_lines(node)} lines"


def code_lines(function):
    """Return how many lines a function has, its docstring and calls that only declare options left out."""
    body = function.body[1:] if ast.get_docstring(function) else function.body
    lines = set()
    for statement in body:
        if not is_declaration(statement):
            lines |= set(range(statement.lineno, statement.end_lineno + 1))
    return len(lines) + function.body[0].lineno - function.lineno


def is_declaration(statement):
    """Return whether a statement is `add("--option", ...)` or the same by its long name."""
    call = getattr(statement, "value", None)
    name = getattr(call, "func", None)
    return getattr(name, "id", getattr(name, "attr", None)) in ("add", "add_argument")


@pytest.mark.parametrize("name", ["client.py", "server.py"])
def test_client_and_server_need_little_of_support(name):
    modules = imports_of(ROOT / name)
    assert len([module for module in modules if module.startswith("support.")]) <= 6
    assert "server" not in modules and "client" not in modules


def test_imports_run_one_way():
    for name in SUPPORT:
        own = {"client", "server", "federation", "partition", "plot_accuracy", "beyond", "pages"}
        top = {module.partition(".")[0] for module in imports_of(ROOT / "support" / name)}
        assert not top & own, name
    assert not {"client", "server", "flwr"} & imports_of(ROOT / "federation.py")


def test_the_index_of_support_names_every_file_once():
    listed = re.findall(r"^\| \[(\w+\.py)\]\((\w+\.py)\) \|", index(), re.MULTILINE)
    assert sorted(name for name, _ in listed) == SUPPORT
    assert all(name == target for name, target in listed)


def index():
    """Return support/README.md."""
    return (ROOT / "support/README.md").read_text()
