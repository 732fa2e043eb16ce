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

from support.command_line import RunError, run_command
from tests.mutants.entries import FOLDER, all_mutants
from tests.support.harness import ROOT

PASSED, FAILED = 0, 1  # statuses of pytest; others say that it could not run the tests
# Seconds for one test, and for all that belong to a mistake, which may make them wait for ever.
LONGEST, LONGEST_RUN = 120, 900


def copy_repository(directory):
    """Copy all files that git knows, or would, into `directory`."""
    words = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    names = subprocess.run(
        words, cwd=ROOT, capture_output=True, text=True, check=True, encoding="utf-8"
    ).stdout
    for name in names.split("\0"):
        if (ROOT / name).is_file():
            (directory / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, directory / name)


def run_tests(directory, tests, timeout=None):
    """Run `tests` in the copy `directory` until one fails; return whether all pass, and what pytest says.

    Those that have not ended after `timeout` seconds have not passed. Raises RunError if it could not run
    them.
    """
    words = [sys.executable, "-m", "pytest", "-n", "0", "-x", f"--timeout={LONGEST}", "-m", ""]
    # Else Python could take a file's earlier version: it looks at the size and at the second.
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    environment.pop("PYTEST_ADDOPTS", None)
    streams = {"capture_output": True, "text": True, "timeout": timeout}
    try:
        end = subprocess.run([*words, *tests], cwd=directory, env=environment, **streams)
    except subprocess.TimeoutExpired:
        return False, "they do not end"
    if end.returncode not in (PASSED, FAILED):
        raise RunError(
            f"pytest {' '.join(tests)} ended with {end.returncode}:\n{end.stdout[-2000:]}"
        )
    return end.returncode == PASSED, end.stdout


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
