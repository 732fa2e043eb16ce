"""What the lists beside this file say: which line of which file is broken how, and who has to notice it."""

import re
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Mutant:
    """One mistake: in `file`, `lines` (one or more, as they stand) become `broken` (none, one or more).

    `tests` are what pytest is given: files, or files::tests.
    """

    file: str
    tests: tuple
    lines: str
    broken: str

    def apply(self, text):
        """Return the file's `text` with the mistake in it. Raises ValueError if that is not possible."""
        lines = re.compile(f"^{re.escape(self.lines)}", re.MULTILINE)
        broken, times = lines.subn(lambda found: self.broken, text)
        if times != 1:
            raise ValueError(f"{self.file} has {times} times\n{self.lines}")
        return broken


def read_mutants(path):
    """Return the Mutants of a list. Empty lines stand between them, comments begin with #.

    The first line of each is "FILE: TEST TEST ...", then follow lines with - and lines with +, as in a diff.
    """
    text = re.sub("^#.*\n", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return [_mutant(*block.splitlines()) for block in re.split("\n\n+", text.strip())]


def _mutant(first, *diff):
    file, tests = first.split(": ")
    lines, broken = ("".join(f"{line[1:]}\n" for line in diff if line[0] == sign) for sign in "-+")
    return Mutant(file, tuple(tests.split()), lines, broken)


def all_mutants(names=()):
    """Return the Mutants of all lists, or of those that are named, such as "engine"."""
    paths = [FOLDER / f"{name}.txt" for name in names] or sorted(FOLDER.glob("*.txt"))
    return [mutant for path in paths for mutant in read_mutants(path)]
