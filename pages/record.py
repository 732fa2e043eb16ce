"""Make recordings: run the commands that pages show, in a copy of the repository, and keep what they print.

    python -m pages.record                     # what there is
    python -m pages.record simulation          # all recordings of a page
    python -m pages.record wire/tls price      # one of them, and another page's

Each page declares its own in pages/NAME/recordings.py, as RECORDINGS = {name: Recording(...)}.
"""

import importlib
import json
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field
from itertools import zip_longest

from pages.page import Page
from pages.terminals import working_copy
from support.command_line import ROOT, Options, RunError, UserError, parse_options, run_command
from support.listening import free_port

MESSAGE_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True)
class Recording:
    """Commands that run one after the other, in one copy of the repository, and what is kept of them.

    {address} in a command becomes a free port of this machine. `screens` name what is kept of what they
    print, command by command, as NAME.txt: all of it, or the `lines` that match. `files` are copied, {name in
    recorded/: path in the copy}. With `timed`, seconds.json has the seconds of every command that is kept.
    """

    commands: tuple[str, ...] = ()
    screens: tuple[str | None, ...] = ()
    lines: str = ""
    files: dict[str, str] = field(default_factory=dict)
    timed: bool = False
    in_place: bool = False  # in this checkout, where results that are there are not made again
    function: Callable | None = None  # what commands cannot say: function(directory, recorded)

    def make(self, directory, recorded):
        """Run the commands in `directory`, a copy, and put what is kept into `recorded`."""
        for command, screen in zip_longest(self.commands, self.screens):
            began = time.perf_counter()
            text = run(directory, command)
            seconds = round(time.perf_counter() - began)
            if screen:
                keep_screens(recorded, {screen: self._kept(text)})
            if screen and self.timed:
                keep_json(recorded / "seconds.json", {screen: seconds})
        if self.function:
            self.function(directory, recorded)
        keep_files(recorded, {name: directory / path for name, path in self.files.items()})

    def _kept(self, text):
        return "".join(
            line for line in text.splitlines(keepends=True) if re.match(self.lines, line)
        )


def run(directory, command, status=0):
    """Type `command` in `directory` and return what it prints. Raises RunError if its status is another."""
    words = words_of(command)
    done = subprocess.run(words, cwd=directory, stdout=subprocess.PIPE, text=True, encoding="utf-8")
    if done.returncode != status:
        raise RunError(f"{' '.join(words)} ended with status {done.returncode}")
    return done.stdout


def words_of(command):
    """Return the words of `command`; python is this environment's, {address} a free port of this machine."""
    words = shlex.split(command.format(address=f"127.0.0.1:{free_port()}"))
    return [sys.executable if word == "python" else word for word in words]


def keep_screens(folder, screens):
    """Write each screen to FOLDER/NAME.txt; identifiers that are random every time go."""
    for name, text in screens.items():
        path = folder / f"{name}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(MESSAGE_ID.sub("<message id>", text), encoding="utf-8")


def keep_files(folder, files):
    """Copy `files`, {name: path}, to `folder`."""
    for name, path in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, folder / name)


def keep_json(path, measured):
    """Add `measured` to the JSON file `path`."""
    known = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(known | measured, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def recordings():
    """Return {"page/name": Recording} of all pages, in the order in which they are declared."""
    found = {}
    for name in sorted(path.parent.name for path in ROOT.glob("pages/*/recordings.py")):
        declared = importlib.import_module(f"pages.{name}.recordings").RECORDINGS
        found |= {f"{name}/{part}": recording for part, recording in declared.items()}
    return found


def chosen(names):
    """Return those of all recordings that `names` name; raise UserError if one names none."""
    known, found = recordings(), set()
    for name in names:
        keys = {key for key in known if name in (key, key.partition("/")[0])}
        if not keys:
            raise UserError(f"there is no recording {name}; python -m pages.record lists them")
        found |= keys
    return {key: recording for key, recording in known.items() if key in found}


def main(arguments=None):
    """Run the command line described above."""
    options = Options()
    options.add_argument("names", nargs="*", metavar="PAGE[/NAME]", help="what is to be recorded")
    args = parse_options(arguments, [options])
    if not args.names:
        print("\n".join(recordings()))
    for key, recording in chosen(args.names).items():
        print(f"Recording: {key}", flush=True)
        with nullcontext(ROOT) if recording.in_place else working_copy() as directory:
            recording.make(directory, Page(key.partition("/")[0]).recorded)


if __name__ == "__main__":
    run_command(main)
