"""An exercise's file, made from the lesson's own files; and what can be said of an answer by reading it."""

import ast
import importlib.util
import textwrap
from pathlib import Path

from beyond.practice.exercises import COMMAND, command

PLACEHOLDER = 'raise NotImplementedError("your code goes here")'


class Source:
    """The file of a module, read and not imported."""

    def __init__(self, module):
        self.module = module
        top, *rest = module.split(".")
        spec = importlib.util.find_spec(top)
        self.path = (
            Path(spec.origin).parent.joinpath(*rest).with_suffix(".py")
            if rest
            else Path(spec.origin)
        )
        text = self.path.read_text(encoding="utf-8")
        self.lines = text.splitlines()
        self.tree = ast.parse(text)

    def text(self, node, without=()):
        """Return the lines of `node`; of the functions in `without` only the first, and the docstring."""
        lines = self.lines[: node.end_lineno]
        for function in sorted(without, key=lambda one: -one.lineno):
            indent = " " * function.body[0].col_offset
            end = function.body[0].end_lineno
            lines[end : function.end_lineno] = [indent + PLACEHOLDER]
        first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
        return "\n".join(lines[first - 1 :])

    def imports(self, nodes, is_wanted):
        """Return lines that import what `nodes` use and do not define, of which the name `is_wanted`."""
        parts = [part for node in nodes for part in ast.walk(node) if isinstance(part, ast.Name)]
        used = {part.id for part in parts if is_wanted(part.id)}
        lines, own = [], set()
        for statement in self.tree.body:
            if isinstance(statement, (ast.Import, ast.ImportFrom)):
                names = [name for name in statement.names if _bound_by(name) in used]
                lines += [_importing(statement, names)] if names else []
            elif statement not in nodes:
                own |= used & _defined_by(statement)
        return lines + ([f"from {self.module} import {', '.join(sorted(own))}"] if own else [])


def _importing(statement, names):
    """Return an import statement as a line, with only those `names`."""
    if isinstance(statement, ast.Import):
        return ast.unparse(ast.Import(names))
    return ast.unparse(ast.ImportFrom(statement.module, names, statement.level))


def _bound_by(alias):
    return alias.asname or alias.name.partition(".")[0]


def _defined_by(statement):
    targets = getattr(statement, "targets", [])
    names = [part for target in targets for part in ast.walk(target)]
    return {getattr(one, "id", getattr(one, "name", None)) for one in (statement, *names)}


def find(tree, name):
    """Return the function `name`, or the method "Class.method", in a module's tree; raise LookupError."""
    for part in name.split("."):
        found = [node for node in tree.body if getattr(node, "name", None) == part]
        if not found:
            raise LookupError(part)
        tree = found[-1]
    return tree


def by_source(exercise):
    """Yield (Source, {top-level node: functions in it that are to be written}) of an exercise."""
    names = {}
    for target in exercise.write:
        module, name = target.split(":")
        names.setdefault(module, []).append(name)
    for module, wanted in names.items():
        source, nodes = Source(module), {}
        for name in wanted:
            top = find(source.tree, name.partition(".")[0])
            nodes.setdefault(top, []).append(find(source.tree, name))
        yield source, nodes


def skeleton(exercise, hide=None):
    """Return the text of an exercise's file: its task, imports, and functions without their bodies.

    Names to `hide`, the exercise's own if there are none here, are not imported: they give the answer away.
    """
    hide = exercise.hide if hide is None else hide
    imports, parts = {}, []
    for source, nodes in by_source(exercise):
        imports |= dict.fromkeys(source.imports(list(nodes), lambda name: name not in hide))
        parts += [source.text(node, functions) for node, functions in nodes.items()]
    task = exercise.task.strip()
    how = f"Check it: {COMMAND} check {exercise.number}"
    head = f'"""Exercise {exercise.number}: {exercise.title}.\n\n{task}\n\n    {how}\n"""'
    blocks = [head, *(["\n".join(imports)] if imports else []), *(f"\n{part}" for part in parts)]
    return "\n\n".join(blocks) + "\n"


def solution(exercise):
    """Yield (place, code) of what is to be written, as it stands in the lesson's files.

    Before the code stand imports of what the exercise hides.
    """
    for source, nodes in by_source(exercise):
        functions = [one for functions in nodes.values() for one in functions]
        hidden = source.imports(functions, lambda name: name in exercise.hide)
        if hidden:
            yield "imports", "\n".join(hidden)
        for function in functions:
            path = source.path.as_posix().rpartition("/site-packages/")[2]
            module = source.module.replace(".", "/") + ".py"
            place = path if path != source.path.as_posix() else module
            yield f"{place}, line {function.lineno}", textwrap.dedent(source.text(function))


def fault_to_read(exercise, path):
    """Return what is wrong with the answer in the file `path` without running it: lines, or []."""
    try:
        tree = ast.parse(path.read_bytes(), str(path))
    except FileNotFoundError:
        again = command(exercise.number, path.parent)
        return [f"{path} is gone: put it back, or {again} writes it anew."]
    except (SyntaxError, ValueError) as error:
        place = f"{path}, line {getattr(error, 'lineno', None) or 1}"
        return [
            f"{place}: {(getattr(error, 'text', None) or '').strip()}",
            getattr(error, "msg", f"{error}"),
        ]
    faults = [_fault_in(tree, target, exercise, path) for target in exercise.write]
    if not any(faults) and all(
        is_unwritten(find(tree, name_of(target))) for target in exercise.write
    ):
        return [f"{name_of(target)} is still to be written." for target in exercise.write]
    return [fault for fault in faults if fault]


def name_of(target):
    """Return the name of what "module:function" is."""
    return target.partition(":")[2]


def _fault_in(tree, target, exercise, path):
    """Return what is wrong with one function of an answer, in words, or None."""
    module, name = target.split(":")
    again = command(f"reset {exercise.number}", path.parent) + " writes the exercise anew"
    try:
        written = find(tree, name)
    except LookupError as error:
        return f"There is no {_place(name, error.args[0], path)}; {again}."
    found, wanted = _arguments(written), _arguments(find(Source(module).tree, name))
    if found != wanted:
        return f"{name} takes ({found}), and has to take ({wanted}): write that again, or {again}."
    return None


def _place(name, missing, path):
    """Return in words what is `missing` of "function" or "Class.method", and where it has to be."""
    first, _, method = name.partition(".")
    if missing == first:
        return f"{'class' if method else 'def'} {first} at the top level of {path}"
    return f"def {method} in the class {first} of {path}"


def _arguments(function):
    arguments = getattr(function, "args", None)
    return ", ".join(one.arg for one in arguments.args) if arguments else "nothing"


def is_unwritten(function):
    """Return whether nothing has been written into `function` yet."""
    return [ast.unparse(one) for one in function.body[1:]] == [
        ast.unparse(ast.parse(PLACEHOLDER).body[0])
    ]
