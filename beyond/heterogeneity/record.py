"""Record what chapter 6 shows.

    python -m beyond.heterogeneity.record     # the whole grid first, unless results/comparison has it already

Writes beyond/heterogeneity/recorded/: the CSV, the pictures, and what partition.py prints and draws.
"""

import subprocess
import sys

from beyond.heterogeneity.figures import FOLDER
from beyond.heterogeneity.grid import SCHEMES
from tools.recorder import keep_files, keep_screens, run
from tools.terminals import ROOT, working_copy

COMPARISON = ROOT / "results/comparison"


def main():
    """Run the command line described above."""
    subprocess.run([sys.executable, "-m", "beyond.heterogeneity.compare"], cwd=ROOT, check=True)
    kept = ("comparison.csv", "baselines.png", "strategies.png", "work.png")
    keep_files(FOLDER, COMPARISON, *kept)
    with working_copy() as directory:
        for scheme, words in SCHEMES.items():
            screen = run(directory, "partition.py", *words)
            keep_screens(FOLDER, {f"partition_{scheme}": screen})
            picture = f"--plot={FOLDER}/partition_{scheme}.png"
            run(directory, "-m", "beyond.heterogeneity.partition_plot", picture)


if __name__ == "__main__":
    main()
