"""What README.md shows: a walk through the lesson with real processes, and what they print.

pages.record lesson/walk takes four minutes, lesson/seeds eight, lesson/setup as long as the installation.
"""

import time

from pages.lesson.digits import save_digits
from pages.lesson.walks import walk_the_faults, walk_the_lesson
from pages.record import Recording, keep_files, keep_json, keep_screens, run
from support.command_line import ROOT
from support.tables import read_history, write_table

SHOWN = ("partition", "server", "client_0", "client_3", "plot")
RUN = ("history.csv", "run.json", "accuracy.png", "events.jsonl")


def walk(directory, recorded):
    """Walk through Part 3 and "Kill one"; keep the screens that are shown, the runs and the pictures."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    screens, memory = walk_the_lesson(readme, directory)
    keep_screens(recorded / "lesson", {name: screens[name] for name in SHOWN})
    keep_files(recorded / "lesson", {name: directory / "results/fedavg" / name for name in RUN})
    save_digits(directory / "partitions/client_3.npz", recorded / "lesson/digits.png")
    keep_json(recorded / "figures.json", {"memory_by_hand_bytes": memory})
    keep_screens(recorded / "faults", walk_the_faults(readme, directory))
    kept = ("history.csv", "events.jsonl")
    keep_files(recorded / "faults", {name: directory / "results/killed" / name for name in kept})


def train_with_seeds(directory, recorded, seeds=range(10)):
    """Train the lesson's federation with each of `seeds`; write seeds.csv: seed,accuracy in the end."""
    rows = [[seed, last_accuracy(directory, f"--seed {seed}")] for seed in seeds]
    write_table(recorded / "seeds.csv", ["seed", "accuracy"], rows)


def try_own_model(directory, recorded):
    """Do what "Your own model" says, with an MLP: the accuracy of round 1 with two learning rates."""
    code = (ROOT / "pages/lesson/mlp.py").read_text(encoding="utf-8")
    mlp = code.partition("from torch import nn")[2].strip()
    model = directory / "model.py"
    lesson = model.read_text(encoding="utf-8")
    model.write_text(f"{lesson.replace('return CNN()', 'return MLP()')}\n\n{mlp}", encoding="utf-8")
    rates = ("0.05", "0.01")
    found = {rate: last_accuracy(directory, f"--rounds 1 --learning-rate {rate}") for rate in rates}
    keep_json(recorded / "figures.json", {"mlp_accuracy_by_learning_rate": found})


def last_accuracy(directory, options):
    """Run federation.py with `options` in `directory`; return the accuracy after its last round."""
    run(directory, f"python federation.py {options} --address {{address}} --run results/one")
    return read_history(directory / "results/one")[-1].accuracy


def measure_setup(directory, recorded):
    """Time `make` doing the set-up in a fresh environment, and weigh it."""
    began = time.perf_counter()
    run(directory, "make install")
    seconds = time.perf_counter() - began
    size = sum(path.lstat().st_size for path in (directory / ".venv").rglob("*"))
    measured = {"setup_seconds": round(seconds), "setup_disk_bytes": size}
    keep_json(recorded / "figures.json", measured)


RECORDINGS = {
    "run": Recording(
        commands=("python federation.py --address {address}", "python -m pages.lesson.classify"),
        screens=("lesson/run", "lesson/classify"),
    ),
    "walk": Recording(function=walk),
    "own_model": Recording(function=try_own_model),
    "seeds": Recording(function=train_with_seeds),
    "setup": Recording(function=measure_setup),
}
