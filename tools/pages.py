"""Write every page of this repository from its source.

    python -m tools.pages             # make readme does this
    python -m tools.pages --check     # writes nothing; exits 1 and names what is stale

A source is Markdown with lines of Python between [[[cog and ]]]: what they print takes their place, so
that no code, output or figure is typed by hand. A source imports what it calls in its first such lines. Those
of the lesson are in pages/; a chapter's is page.md in its folder and becomes the README.md beside it, and
NAME.page.md becomes NAME.md. A long page is in several files: a line <!-- part: FILE --> is where one begins.
"""

import argparse
import re
import sys

from cogapp import Cog

from tools.terminals import ROOT

SOURCES = {
    "pages/lesson.md": "README.md",
    "pages/real_networks.md": "beyond/real_networks.md",
    "pages/architecture.md": "ARCHITECTURE.md",
    "pages/benchmarks.md": "benchmarks/README.md",
}
HEADER = "<!-- make readme writes this page from {sources}: change it there. -->\n\n"
PART = re.compile(r"^<!-- part: (\S+) -->$", re.MULTILINE)
CODE = re.compile(r"(^```.*?^```$)", re.MULTILINE | re.DOTALL)


def pages():
    """Return {path of a page: path of its source}, chapters' pages included."""
    lesson = {ROOT / page: ROOT / source for source, page in SOURCES.items()}
    chapters = {source.with_name("README.md"): source for source in ROOT.glob("beyond/*/page.md")}
    more = {
        source.with_name(source.name.replace(".page.md", ".md")): source
        for source in ROOT.glob("beyond/*/*.page.md")
    }
    return lesson | dict(sorted((chapters | more).items()))


def render(source):
    """Return the text of the page that the file `source` becomes."""
    cog = Cog()
    cog.options.delete_code = True
    cog.options.print_output = True
    text = cog.process_string(with_parts(source), str(source))
    parts = PART.findall(source.read_text(encoding="utf-8"))
    sources = ", ".join([source.relative_to(ROOT).as_posix(), *parts])
    return HEADER.format(sources=sources) + without_gaps(text)


def with_parts(source):
    """Return the text of the file `source`, with its parts, other files beside it, in their places."""
    text = source.read_text(encoding="utf-8")
    return PART.sub(lambda part: (source.parent / part[1]).read_text(encoding="utf-8"), text)


def without_gaps(markdown):
    """Return `markdown` with single blank lines where it had several, except in blocks of code."""
    parts = CODE.split(markdown)  # text, code, text, code, ..., text
    parts[::2] = [re.sub(r"\n{3,}", "\n\n", text) for text in parts[::2]]
    return "".join(parts).strip() + "\n"


def stale(page):
    """Return what is wrong with a page and which command mends it, or None if its source says the same."""
    if page.exists() and page.read_text(encoding="utf-8") == render(pages()[page]):
        return None
    source = pages()[page].relative_to(ROOT)
    return f"{page.relative_to(ROOT)} is not what {source} and the code say; run make readme"


def main(arguments=None):
    """Run the command line described above."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    if parser.parse_args(arguments).check:
        sys.exit("\n".join(filter(None, map(stale, pages()))) or 0)
    for page, source in pages().items():
        page.write_text(render(source), encoding="utf-8", newline="\n")
        print(f"Wrote {page.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
