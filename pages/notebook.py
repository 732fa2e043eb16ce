"""lesson.ipynb: the source of README.md as a notebook, with cells where README.md has terminals.

The source says with in_notebook() what only the notebook has, and with in_terminals() and everywhere() what
it has not. Any other block of shell becomes a cell by itself.
"""

import re
from functools import cached_property

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from pages.page import IN_TERMINALS, Rendered, all_pages, without_gaps
from support.command_line import UserError

BLOCK = re.compile(r"^```([\w-]+)\n(.*?)\n```$", re.MULTILINE | re.DOTALL)
TERMINAL = re.compile(r"^\*\*Terminal \d+\*\*.*\n", re.MULTILINE)
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}


class Notebook(Rendered):
    """A page as a notebook."""

    def __init__(self, page):
        self.page, self.source = page, page.source
        self.path = page.path.with_name(f"{page.name}.ipynb")

    @cached_property
    def cells(self):
        """The cells: text and code, in order."""
        parts = BLOCK.split(TERMINAL.sub("", IN_TERMINALS.sub("", self.page.marked())))
        cells, text = [], parts[0]
        for language, code, following in zip(parts[1::3], parts[2::3], parts[3::3], strict=True):
            if language in ("shell", "notebook-python"):
                code = as_code(code) if language == "shell" else code
                cells += [new_markdown_cell(text), new_code_cell(code)]
                text = following
            elif language == "notebook-markdown":
                text += code + following
            else:
                text += f"```{language}\n{code}\n```{following}"
        return numbered([*cells, new_markdown_cell(text)])

    def render(self):
        """Return the content of the file."""
        metadata = {"kernelspec": KERNEL, "language_info": {"name": "python"}}
        return nbformat.writes(new_notebook(cells=self.cells, metadata=metadata)) + "\n"


def all_notebooks():
    """Return the notebooks that are made of pages."""
    return [Notebook(page) for page in all_pages() if page.name == "lesson"]


def as_code(line):
    """Return what a cell has instead of a line for the shell.

    federation.py starts processes, which print; the notebook itself runs what is short. Raises UserError for
    a line that has no such form.
    """
    program, _, words = line.partition(" ")
    if program != "python" or "\n" in line:
        raise UserError(
            f"no cell can do this: {line}; say in its page what the notebook has instead"
        )
    if words.startswith("federation.py"):
        return f'Terminal("{words}").finish(only="^Round")'
    return f"%run {words}"


def numbered(cells):
    """Return `cells` that are not empty, with ids that stay the same as long as the text does."""
    kept = [cell for cell in cells if cell.source.strip()]
    for number, cell in enumerate(kept):
        cell.source = without_gaps(cell.source).strip()
        cell.id = f"cell-{number}"
    return kept
