"""What every page's source may call: code, screens, tables and pictures as Markdown."""

import ast
import importlib
import re
import statistics
import textwrap
from string import Formatter

from support.command_line import ROOT

WIDTH = 110  # characters in a line of prose


def listing(path, *names):
    """Print the code of `names` ("function", "Class" or "Class.method") in the file `path`."""
    source = (ROOT / path).read_text(encoding="utf-8")
    lines = source.splitlines()
    nodes = [_find(ast.parse(source), name) for name in names]
    parts = [lines[_first_line(node) - 1 : node.end_lineno] for node in nodes]
    block("python", "\n\n\n".join(textwrap.dedent("\n".join(part)) for part in parts))


def opening(path, name):
    """Print the beginning of the class `name` in the file `path`, up to the end of its __init__."""
    source = (ROOT / path).read_text(encoding="utf-8")
    tree = ast.parse(source)
    first, last = _find(tree, name).lineno, _find(tree, f"{name}.__init__").end_lineno
    block("python", "\n".join(source.splitlines()[first - 1 : last]))


def file_listing(path, language="python"):
    """Print all of the file `path`, below a line that names it."""
    print(f"\n`{path}`:")
    block(language, (ROOT / path).read_text(encoding="utf-8").strip())


def _find(tree, name):
    for part in name.split("."):
        tree = next(node for node in tree.body if getattr(node, "name", None) == part)
    return tree


def _first_line(node):
    return min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])


def excerpt(text, first=None, last=None, leave_out=None, only=None):
    """Return `text` from a line that matches `first` to the last one that matches `last`.

    Runs of lines that match `leave_out` become one line of dots; with `only`, other lines are not shown.
    Raises LookupError if there is nothing to show.
    """
    lines = [line.rstrip().expandtabs(4) for line in text.splitlines()]
    start = _position(lines, first)
    end = len(lines) - _position(lines[::-1], last)
    shown = []
    for line in lines[start:end]:
        if only and not re.search(only, line):
            continue
        if leave_out and re.search(leave_out, line):
            line = "..."
        if not (line == "..." and shown and shown[-1] == "..."):
            shown.append(line)
    if not shown:
        raise LookupError(f"lines like {only}")
    return "\n".join(shown).strip("\n")


def _position(lines, pattern):
    if pattern is None:
        return 0
    found = [number for number, line in enumerate(lines) if re.search(pattern, line)]
    if not found:
        raise LookupError(f"line like {pattern}")
    return found[0]


def teaser(name, function="teaser"):
    """Print what pages/NAME/facts.py has its `function` say on another page; nothing if its room is gone."""
    if (ROOT / "beyond" / name).exists():
        getattr(importlib.import_module(f"pages.{name}.facts"), function)()


def paragraph(text):
    """Print `text` as a paragraph."""
    filled = " ".join(text.split())
    lines = textwrap.fill(filled, WIDTH, break_long_words=False, break_on_hyphens=False)
    print(f"\n{lines}\n")


def image(path, alt, width=760):
    """Print a picture at `path`, as seen from the page; `alt` says in words what it shows."""
    print(f'\n<img src="{path}" width="{width}" alt="{" ".join(alt.split())}">\n')


def both_themes(path, alt):
    """Print the picture PATH.light.EXTENSION, or .dark., whichever theme the reader has."""
    light, dark = (path.format(theme=theme) for theme in ("light", "dark"))
    print(
        f'\n<picture>\n  <source media="(prefers-color-scheme: dark)" srcset="{dark}">\n'
        f'  <img src="{light}" width="760" alt="{" ".join(alt.split())}">\n</picture>\n'
    )


def table(header, lines):
    """Print a Markdown table."""
    print()
    for line in (header, ["---"] * len(header), *lines):
        table_row(*line)
    print()


def table_row(*cells):
    """Print one line of a Markdown table."""
    print(f"| {' | '.join(map(str, cells))} |")


def table_of(rows, columns):
    """Print a table with a line for each of `rows`, dicts.

    `columns` is {header: text with fields of a row in it}, such as {"accuracy": "{accuracy:.1%}"}.
    """
    cells = [[_CELLS.format(text, **row) for text in columns.values()] for row in rows]
    table(list(columns), cells)


class _Cells(Formatter):
    """Formats as str.format does, with a space in front of every percent sign."""

    def format_field(self, value, spec):
        return super().format_field(value, spec).replace("%", " %")


_CELLS = _Cells()


def in_notebook(text, language="python"):
    """Print a cell that only the notebook of the page has: code, or text if `language` is "markdown"."""
    block(f"notebook-{language}", textwrap.dedent(text).strip())


def in_terminals():
    """Begin what a notebook leaves out, because it has cells instead of terminals."""
    print("\n<!-- in terminals -->\n")


def everywhere():
    """End what in_terminals has begun."""
    print("\n<!-- everywhere -->\n")


def block(language, text):
    """Print a block of code or of a terminal's text."""
    print(f"\n```{language}\n{text}\n```\n")


def percent(fraction, digits=2):
    """Return a fraction as text: "99.14 %"."""
    return f"{100 * fraction:.{digits}f} %"


def spread(fractions, digits=1, middle=statistics.mean):
    """Return the mean of fractions, or another `middle`, and their range: "95.1 % (94.8 to 95.3)"."""
    low, high = (f"{100 * end(fractions):.{digits}f}" for end in (min, max))
    return f"{percent(middle(fractions), digits)} ({low} to {high})"
