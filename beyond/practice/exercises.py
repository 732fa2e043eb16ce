"""The ten exercises, as exercises.toml has them, and the folder in which a reader writes the answers."""

import hashlib
import json
import shlex
import tomllib
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from support.command_line import UserError
from support.files import replaced_file
from support.run_record import make_run_directory

COMMAND = "python -m beyond.practice"
FOLDER = "practice"  # where answers are, if nothing else is said


@dataclass(frozen=True)
class Exercise:
    """One exercise; exercises.toml says what its fields are."""

    number: int
    name: str
    title: str
    write: tuple
    task: str
    hint: str
    runs: tuple = ()
    clients: int = 2
    deals: str = ""
    hide: tuple = ()


ROWS = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))["exercise"]
EXERCISES = [Exercise(number, **row) for number, row in enumerate(ROWS, start=1)]


def exercise_named(word):
    """Return the Exercise whose number or name is `word`; raise UserError if there is none."""
    for exercise in EXERCISES:
        if word in (str(exercise.number), exercise.name):
            return exercise
    raise UserError(
        f"there is no exercise {word!r}; {COMMAND} lists the {len(EXERCISES)} that there are"
    )


def command(words, folder):
    """Return what a reader types to have `words` done with the answers in `folder`."""
    elsewhere = "" if str(folder) == FOLDER else f" --folder {shlex.quote(str(folder))}"
    return f"{COMMAND} {words}{elsewhere}"


class Folder:
    """Where a reader's answers are, and what is known of them: {name: SHA-256 of what passed, or None}."""

    def __init__(self, where):
        self.where = Path(where)
        self.progress_file = self.where / "progress.json"

    @property
    def progress(self):
        """What is known now, also by another command; {} if nothing is, or if its file is damaged."""
        with suppress(OSError, ValueError, TypeError):
            return dict(json.loads(self.progress_file.read_text(encoding="utf-8")))
        return {}

    def file(self, exercise):
        """Return the path of an exercise's file."""
        return self.where / f"{exercise.name}.py"

    def command(self, words):
        """Return what a reader types to have `words` done with the answers here."""
        return command(words, self.where)

    def put_aside(self, exercise):
        """Rename an exercise's file, to a name that is free, and return that."""
        file = self.file(exercise)
        names = (file.with_suffix(f".py.old{'' if n == 1 else n}") for n in count(1))
        return file.replace(next(name for name in names if not name.exists()))

    def state(self, exercise):
        """Return how far an exercise is: "done", "open", "gone", or "" if it has not begun."""
        digest = self.digest(exercise)
        if digest is None:
            return "gone" if exercise.name in self.progress else ""
        return "done" if self.progress.get(exercise.name) == digest else "open"

    def digest(self, exercise):
        """Return the SHA-256 of an exercise's file, or None if there is none."""
        file = self.file(exercise)
        return hashlib.sha256(file.read_bytes()).hexdigest() if file.is_file() else None

    def note(self, exercise, passed=None):
        """Keep that an exercise has begun, and the digest of the answer that has `passed`."""
        progress = {**self.progress, exercise.name: passed}
        with replaced_file(self.progress_file, is_lasting=False) as new:
            new.write(json.dumps(progress, indent=2).encode())

    def write(self, exercise, text):
        """Write an exercise's file, all at once."""
        make_run_directory(self.where, option="--folder")
        with replaced_file(self.file(exercise), is_lasting=False) as new:
            new.write(text.encode())
        self.note(exercise)
