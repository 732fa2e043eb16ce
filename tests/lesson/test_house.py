"""The lesson's files stay a lesson: short, about one thing, and ignorant of chapters."""

import ast
import re

import pytest

from tests.support.harness import ROOT

MOST_LINES = {"client.py": 80, "server.py": 85, "partition.py": 95, "model.py": 90}
LESSON = [*MOST_LINES, "federation.py", "plot_accuracy.py"]
SUPPORT = sorted(path.name for path in (ROOT / "support").glob("*.py") if path.stem != "__init__")
# What a reader has written, and environments, whatever make was told to call them.
NOT_OURS = {ROOT / "practice", *(file.parent for file in ROOT.glob("*/pyvenv.cfg"))}
CODE = [path for path in ROOT.rglob("*.py") if not NOT_OURS & {*path.parents}]
OF_CHAPTERS = (
    "proximal|FedProx|FedAdam|FedYogi|FedAvgM|held.out|client_evaluation|fraction_fit|penalty|noise|clip"
    "|epsilon|refusal|secagg|ServerApp|ClientApp|beyond"
)


def imports_of(path):
    """Return the names of all modules that a file imports, wherever in it."""
    nodes = list(ast.walk(ast.parse(path.read_bytes())))
    whole = {one.name for node in nodes if isinstance(node, ast.Import) for one in node.names}
    return whole | {node.module for node in nodes if isinstance(node, ast.ImportFrom)}


@pytest.mark.parametrize("name, most", MOST_LINES.items())
def test_a_file_of_the_lesson_is_short(name, most):
    assert len((ROOT / name).read_text(encoding="utf-8").splitlines()) <= most


@pytest.mark.parametrize("name", LESSON)
def test_a_file_of_the_lesson_knows_no_chapter(name):
    assert re.findall(OF_CHAPTERS, (ROOT / name).read_text(encoding="utf-8"), re.IGNORECASE) == []


@pytest.mark.parametrize("path", CODE, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_function_is_long_and_no_check_is_switched_off(path):
    text = path.read_text(encoding="utf-8")
    assert not re.search("#" + r" *(noqa|ruff:)", text)
    if "tests" in path.parts:
        return
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            assert code_lines(node) <= 20, f"{node.name} has {code_lines(node)} lines"


@pytest.mark.parametrize("path", CODE, ids=lambda path: str(path.relative_to(ROOT)))
def test_text_is_read_and_written_with_an_encoding(path):
    """Without one it is the system's: a Windows code page, or ASCII where the locale is C."""
    for node in ast.walk(ast.parse(path.read_bytes())):
        assert not (isinstance(node, ast.Call) and guesses_encoding(node)), f"line {node.lineno}"


def guesses_encoding(call):
    """Return whether a call reads or writes text, and names no encoding."""
    given = {keyword.arg: keyword.value for keyword in call.keywords}
    if "encoding" in given:
        return False
    name = getattr(call.func, "id", getattr(call.func, "attr", None))
    if name in ("open", "fdopen"):
        values = [str(getattr(one, "value", None)) for one in [*call.args, *given.values()]]
        has_mode = len(call.args) > 1 or "mode" in given
        is_text = isinstance(call.func, ast.Name) and not has_mode
        return is_text or any(re.fullmatch("[rwax][t+]*", value) for value in values)
    places = {"read_text": 0, "write_text": 1}  # an encoding may follow these arguments
    if isinstance(call.func, ast.Attribute) and name in places:
        return len(call.args) <= places[name]
    return "text" in given or "universal_newlines" in given


def test_what_guesses_an_encoding_is_found():
    guessing = """open(path)| open(path, "w")| path.open("a")| path.read_text()| path.write_text(line)
        | Path(path).read_text(errors="replace")| subprocess.run(words, text=True)| os.fdopen(1, "w")
        | open(path, newline="")"""
    sound = """open(path, "rb")| path.open("ab")| path.read_text("utf-8")| path.write_text(line, "utf-8")
        | open(path, encoding="utf-8")| subprocess.run(words)| os.open(path, flags)| desk.open("r.py")
        | subprocess.run(words, text=True, encoding="utf-8")"""
    for calls, is_guessing in ((guessing, True), (sound, False)):
        for line in calls.split("|"):
            (statement,) = ast.parse(line.strip()).body
            assert guesses_encoding(statement.value) == is_guessing, line


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
    index = (ROOT / "support/README.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| \[(\w+\.py)\]\((\w+\.py)\) \|", index, re.MULTILINE)
    assert sorted(listed) == [(name, name) for name in SUPPORT]
