"""A page: where its source, its recordings and the page itself are, and what its source may call.

pages/NAME/ has the source, page.md; facts.py, which reads figures off the recordings; and recordings.py,
which says how these are made. A source is Markdown with lines of Python between [[[cog and ]]]: what they
print takes their place, so that no code, output or figure is typed by hand. They may call everything in
markdown.py and facts.py, and the page's own `say`, `chart` and `transcript`.
"""

import csv
import importlib
import io
import json
import os
import re
from contextlib import suppress
from functools import cached_property

from cogapp import Cog

from pages import markdown
from support.command_line import ROOT, UserError

# Where pages go that are no room's README.md.
PLACES = {
    "lesson": "README.md",
    "operate": "beyond/deployment/OPERATE.md",
    "architecture": "ARCHITECTURE.md",
    "platforms": "PLATFORMS.md",
    "benchmarks": "benchmarks/README.md",
    "real_networks": "beyond/real_networks.md",
}
HEADER = "<!-- make readme writes this page from {source}: change it there. -->\n\n"
# What only one of the two has, the page or the notebook that is made of it.
IN_TERMINALS = re.compile(
    r"^<!-- in terminals -->$.*?^<!-- everywhere -->$", re.MULTILINE | re.DOTALL
)
MARKS = re.compile(r"^<!-- (in terminals|everywhere) -->\n", re.MULTILINE)
IN_NOTEBOOK = re.compile(r"^```notebook-\w+$.*?^```$", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"(^```.*?^```$)", re.MULTILINE | re.DOTALL)


class Rendered:
    """A file, `path`, that holds what `render` makes of its `source`."""

    def stale(self):
        """Return what is wrong with the file and which command mends it; None if its source says the same."""
        if self.path.exists() and self.path.read_text(encoding="utf-8") == self.render():
            return None
        names = [path.relative_to(ROOT).as_posix() for path in (self.path, self.source)]
        return "{} is not what {} and the code say; run make readme".format(*names)

    def write(self):
        """Write the file."""
        self.path.write_text(self.render(), encoding="utf-8", newline="\n")


class Page(Rendered):
    """One page, by the `name` of its folder in pages/."""

    def __init__(self, name):
        self.name = name
        self.source = ROOT / "pages" / name / "page.md"
        self.path = ROOT / PLACES.get(name, f"beyond/{name}/README.md")
        self.recorded = self.path.parent / "recorded"

    @cached_property
    def facts(self):
        """The module facts.py, or None if the page has none."""
        has_facts = self.source.with_name("facts.py").exists()
        return importlib.import_module(f"pages.{self.name}.facts") if has_facts else None

    @cached_property
    def figures(self):
        """What sentences quote, {name: text}, as the function `figures` in facts.py returns it."""
        return self.facts.figures()

    def screen(self, name):
        """Return what a command has printed when it was recorded, or the file `name` if it has an ending."""
        file = name if "." in name else f"{name}.txt"
        return (self.recorded / file).read_text(encoding="utf-8")

    def json(self, name):
        """Return the content of a recorded JSON file."""
        return json.loads((self.recorded / f"{name}.json").read_text(encoding="utf-8"))

    def rows(self, name):
        """Return the rows of a recorded CSV file, dicts; what looks like a number is one."""
        lines = self.screen(f"{name}.csv").splitlines()
        return [
            {column: _value(text) for column, text in row.items()} for row in csv.DictReader(lines)
        ]

    def say(self, text):
        """Print a paragraph with the page's figures in it: say("It takes {run_seconds} s.")."""
        markdown.paragraph(text.format(**self.figures))

    def transcript(self, name, *bounds, **selection):
        """Print a recorded screen, or the part of it that markdown.excerpt chooses."""
        try:
            markdown.block("text", markdown.excerpt(self.screen(name), *bounds, **selection))
        except LookupError as error:
            raise UserError(f"{self.recorded / name}.txt has no {error}; record it again") from None

    def chart(self, name, alt, width=760, root=None):
        """Print a recorded picture; `alt` says in words what it shows, with the page's figures in it.

        `root` is the folder of the page that shows it, if that is another one.
        """
        where = os.path.relpath(self.recorded / f"{name}.png", root or self.path.parent)
        markdown.image(where, alt.format(**self.figures) if "{" in alt else alt, width)

    def marked(self):
        """Return what the source comes to, for the page and for a notebook."""
        cog, text = Cog(), io.StringIO()
        cog.options.delete_code = cog.options.print_output = True
        cog.process_file(
            io.StringIO(self.source.read_text(encoding="utf-8")),
            text,
            str(self.source),
            self._names(),
        )
        return HEADER.format(source=self.source.relative_to(ROOT).as_posix()) + text.getvalue()

    def render(self):
        """Return the text of the page."""
        return without_gaps(MARKS.sub("", IN_NOTEBOOK.sub("", self.marked())))

    def _names(self):
        """Return what the source may call, {name: object}."""
        own = {name: getattr(self, name) for name in ("say", "transcript", "chart", "rows")}
        return {**vars(markdown), **(vars(self.facts) if self.facts else {}), **own}


def _value(text):
    for kind in (int, float):
        with suppress(ValueError):
            return kind(text)
    return text


def all_pages():
    """Return the Page of every folder that has a source; a page whose room is gone is none."""
    pages = [Page(source.parent.name) for source in sorted(ROOT.glob("pages/*/page.md"))]
    return [page for page in pages if page.path.parent.exists()]


def without_gaps(text):
    """Return Markdown with single blank lines where it had several, except in blocks of code."""
    parts = CODE.split(text)  # text, code, text, code, ..., text
    parts[::2] = [re.sub(r"\n{3,}", "\n\n", part) for part in parts[::2]]
    return "".join(parts).strip() + "\n"
