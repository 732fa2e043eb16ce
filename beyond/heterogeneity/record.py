"""Record what chapter 6 shows.

    python -m beyond.heterogeneity.record     # the whole grid first, unless results/comparison has it already

Writes beyond/heterogeneity/recorded/: the CSV, the pictures, and what partition.py prints and draws.
"""

import shutil
import subprocess
import sys

from beyond.heterogeneity.figures import FOLDER
from beyond.heterogeneity.grid import SCHEMES
from tools.record import keep_screens
from tools.terminals import ROOT, working_copy

COMPARISON = ROOT / "results/comparison"


def run(words, directory):
    """Run `python WORDS` in `directory` and return what it prints."""
    return subprocess.run(
        [sys.executable, *words], cwd=directory, check=True, capture_output=True, text=True
    ).stdout


def main():
    """Run the command line described above."""
    subprocess.run([sys.executable, "-m", "beyond.heterogeneity.compare"], cwd=ROOT, check=True)
    FOLDER.mkdir(exist_ok=True)
    for file in ("comparison.csv", "baselines.png", "strategies.png", "work.png"):
        shutil.copyfile(COMPARISON / file, FOLDER / file)
    with working_copy() as directory:
        for scheme, words in SCHEMES.items():
            screen = run(["partition.py", *words], directory)
            keep_screens(FOLDER, {f"partition_{scheme}": screen})
            picture = f"--plot={FOLDER}/partition_{scheme}.png"
            run(["-m", "beyond.heterogeneity.partition_plot", picture], directory)


if __name__ == "__main__":
    main()
