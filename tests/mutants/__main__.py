"""Break one line at a time in a copy of the repository, and see whether the tests notice it.

    make mutants                      # all lists of tests/mutants, an hour
    make mutants ARGS="price wire"    # some of them

Exits with status 1 if a mistake survives, that is, if the tests that belong to it still pass.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from support.command_line import RunError, run_command
from tests.mutants.entries import FOLDER, all_mutants
from tests.support.harness import ROOT

# Seconds for one test, and for all that belong to a mistake, which may make them wait for ever.
LONGEST, LONGEST_RUN = 120, 900


def copy_repository(directory):
    """Copy all files that git knows, or would, into `directory`."""
    words = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    for name in map(os.fsdecode, subprocess.check_output(words, cwd=ROOT).split(b"\0")):
        if (ROOT / name).is_file():
            (directory / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, directory / name)


def run_tests(directory, tests, timeout=None):
    """Run `tests` in the copy `directory` until one fails; return whether all pass, and what pytest says.

    Those that have not ended after `timeout` seconds have not passed. Raises RunError if it could not run
    them.
    """
    words = [sys.executable, "-m", "pytest", "-n", "0", "-x", f"--timeout={LONGEST}", "-m", ""]
    # With bytecode, Python could take a file's earlier version: it looks at the size and at the second.
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "PYTEST_ADDOPTS": ""}
    options = {"cwd": directory, "env": environment, "timeout": timeout}
    try:
        end = subprocess.run([*words, *tests], capture_output=True, encoding="utf-8", **options)
    except subprocess.TimeoutExpired:
        return False, "they do not end"
    status, said = end.returncode, end.stdout
    if status not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
        raise RunError(f"pytest {' '.join(tests)} ended with {status}:\n{said[-2000:]}")
    return status == pytest.ExitCode.OK, said


def survives(directory, mutant):
    """Return whether the tests that belong to `mutant` pass with its mistake in the copy `directory`."""
    file = directory / mutant.file
    sound = file.read_text(encoding="utf-8")
    file.write_text(mutant.apply(sound), encoding="utf-8")
    try:
        return run_tests(directory, mutant.tests, LONGEST_RUN)[0]
    finally:
        file.write_text(sound, encoding="utf-8")


def main(arguments=None):
    """Run the command line described above."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    names = sorted(path.stem for path in FOLDER.glob("*.txt"))
    parser.add_argument("lists", nargs="*", metavar="LIST", help=", ".join(names))
    mutants = all_mutants(parser.parse_args(arguments).lists)
    began, survivors = time.monotonic(), []
    with tempfile.TemporaryDirectory(prefix="mutants-") as directory:
        copy_repository(Path(directory))
        sound, said = run_tests(directory, sorted({test for m in mutants for test in m.tests}))
        if not sound:
            raise RunError(f"these tests fail without any mistake:\n{said[-2000:]}")
        for number, mutant in enumerate(mutants, start=1):
            alive = survives(Path(directory), mutant)
            survivors += [mutant] * alive
            verdict = "SURVIVES" if alive else "noticed"
            print(f"{number} of {len(mutants)}: {verdict}, {mutant.file}\n{mutant.broken}", end="")
    minutes = (time.monotonic() - began) / 60
    print(f"{len(survivors)} of {len(mutants)} mistakes survived; that took {minutes:.0f} minutes")
    sys.exit(1 if survivors else 0)


if __name__ == "__main__":
    run_command(main)
