"""Record what README.md shows: walk through the lesson with real processes and keep what they print.

    python -m tools.record            # four minutes; writes recorded/
    python -m tools.record --seeds    # eight minutes more: what ten seeds come to -> recorded/seeds.csv
    python -m tools.record --setup    # measures the installation, too, in an environment of its own

Everything happens in a copy of the repository in a temporary directory.
"""

import argparse
import csv
import json
import subprocess
import sys
import time

from tools.digits import save_digits
from tools.recorder import keep_files, keep_screens
from tools.snippets import RECORDED, SEEDS
from tools.terminals import ROOT, working_copy
from tools.walks import walk_the_faults, walk_the_lesson

FIGURES = RECORDED / "figures.json"
SHOWN = ("partition", "server", "client_0", "client_3", "plot")


def record_lesson(readme, directory):
    """Walk through Part 3; keep the screens that are shown, the record of the run and the pictures."""
    screens, memory = walk_the_lesson(readme, directory)
    keep_screens(RECORDED / "lesson", {name: screens[name] for name in SHOWN})
    kept = ("history.csv", "run.json", "accuracy.png", "events.jsonl")
    keep_files(RECORDED / "lesson", directory / "results/fedavg", *kept)
    save_digits(directory / "partitions/client_3.npz", RECORDED / "lesson/digits.png")
    update_figures(memory_by_hand_bytes=memory)


def record_faults(readme, directory):
    """Walk through "Kill one"; keep the screens, the history and the events."""
    keep_screens(RECORDED / "faults", walk_the_faults(readme, directory))
    keep_files(RECORDED / "faults", directory / "results/killed", "history.csv", "events.jsonl")


def record_seeds(directory, seeds=range(10)):
    """Train the lesson's federation with each of `seeds`; write SEEDS: seed,accuracy after the last round."""
    with open(SEEDS, "w", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["seed", "accuracy"])
        for seed in seeds:
            words = ["federation.py", "--seed", str(seed), "--run", f"results/seed_{seed}"]
            subprocess.run([sys.executable, *words], cwd=directory, check=True)
            table.writerow([seed, last_accuracy(directory / f"results/seed_{seed}")])


def record_own_model(directory):
    """Do what "Your own model" says, with an MLP: what round 1 comes to with two learning rates."""
    model = directory / "model.py"
    lesson = model.read_text()
    model.write_text(lesson.replace("return CNN()", "return MLP()") + mlp_code())
    accuracies = {}
    for rate in ("0.05", "0.01"):
        words = ["federation.py", "--rounds", "1", "--learning-rate", rate, "--run", "results/mine"]
        subprocess.run([sys.executable, *words], cwd=directory, check=True)
        accuracies[rate] = last_accuracy(directory / "results/mine")
    model.write_text(lesson)
    update_figures(mlp_accuracy_by_learning_rate=accuracies)


def mlp_code():
    """Return the class in tools/mlp.py."""
    return "\n\n" + (ROOT / "tools/mlp.py").read_text().partition("from torch import nn")[2].strip()


def last_accuracy(run):
    """Return the accuracy after the last round of the run in the directory `run`."""
    with open(run / "history.csv", newline="") as history:
        *_, last = csv.DictReader(history)
    return float(last["accuracy"])


def measure_setup(directory):
    """Time `make` doing the set-up in a fresh environment, and weigh it."""
    began = time.perf_counter()
    subprocess.run(["make", "install"], cwd=directory, check=True)
    seconds = time.perf_counter() - began
    files = [path.lstat().st_size for path in (directory / ".venv").rglob("*")]
    update_figures(setup_seconds=round(seconds), setup_disk_bytes=sum(files))


def update_figures(**measured):
    """Add what was measured to recorded/figures.json."""
    known = json.loads(FIGURES.read_text()) if FIGURES.exists() else {}
    FIGURES.write_text(json.dumps({**known, **measured}, indent=2) + "\n")


def main():
    """Run the command line described above."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--setup", action="store_true", help="measure the installation, too")
    parser.add_argument("--seeds", action="store_true", help="train with ten seeds, too")
    args = parser.parse_args()
    readme = (ROOT / "README.md").read_text()
    with working_copy() as directory:
        if args.setup:
            measure_setup(directory)
        record_lesson(readme, directory)
        record_faults(readme, directory)
        record_own_model(directory)
        if args.seeds:
            record_seeds(directory)


if __name__ == "__main__":
    sys.exit(main())
