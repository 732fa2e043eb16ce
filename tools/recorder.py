"""What every recorder does: run commands, each part in a copy of the repository, and keep what is shown.

    python -m beyond.engine.record_secagg --only view

Each has its parts, functions that take the directory of their copy, and hands them to `record_parts`.
"""

from support.command_line import OneLineParser, RunError

import re
import shutil
import subprocess
import sys

from tools.terminals import working_copy

MESSAGE_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def record_parts(command, doc, folder, parts, arguments=None):
    """Run a recorder's command line, which may name some of its `parts` ({name: function}) with --only.

    `command` and `doc` are its own; `folder` is where the parts put what they keep.
    """
    parser = OneLineParser(command, doc)
    add = parser.add_argument
    add("--only", choices=parts, nargs="+", default=list(parts), help="record these parts")
    args = parser.parse_args(arguments)
    folder.mkdir(exist_ok=True)
    for name in args.only:
        print(f"Recording: {name}", flush=True)
        with working_copy() as directory:
            parts[name](directory)


def run(directory, *words, status=0):
    """Run `python WORDS` in `directory` and return what it prints. Raises RunError if it fails.

    `status` is the exit status that is no failure.
    """
    command = [sys.executable, *map(str, words)]
    done = subprocess.run(command, cwd=directory, stdout=subprocess.PIPE, text=True)
    if done.returncode != status:
        raise RunError(f"{' '.join(command)} ended with status {done.returncode}")
    return done.stdout


def keep_screens(folder, screens):
    """Write each screen to FOLDER/NAME.txt; identifiers that are random every time go."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in screens.items():
        (folder / f"{name}.txt").write_text(MESSAGE_ID.sub("<message id>", text))


def keep_files(folder, source, *names):
    """Copy the files `names` of the directory `source` to `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        shutil.copyfile(source / name, folder / name)
