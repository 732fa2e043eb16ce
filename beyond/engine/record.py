"""Record what the sections on the bridge, the simulation and the chapters on the engine show.

    python -m beyond.engine.record                       # all of it, on a machine that does nothing else
    python -m beyond.engine.record --only thousand

Writes beyond/engine/recorded/: screens, the table of what a round costs and its picture, the history of a
thousand clients, and checksums of runs made on both of Flower's engines.
"""

from support.command_line import OneLineParser, run_command

import csv
import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

from beyond.engine import scale, scale_picture
from beyond.engine.bundle import bundle
from beyond.engine.private_flower import free_port
from tools.record import keep_screens
from tools.terminals import ROOT, working_copy

FOLDER = ROOT / "beyond/engine/recorded"
SIMULATION = "beyond.engine.simulation"
# What runs on both engines: the chapter, its options.
BOTH = (
    ("heterogeneity", ["--strategy", "FedAvgM", "--scheme", "shards", "--client-evaluation"]),
    ("privacy", ["--clip", "0.5", "--target-epsilon", "8", "--noise-seed", "0"]),
)
THOUSAND = ["--clients", 1000, "--rounds", 3, "--local-epochs", 5, "--run", "results/thousand"]


def run(words, directory):
    """Run `python -m WORDS` in `directory` and return what it prints."""
    command = [sys.executable, "-m", *map(str, words)]
    done = subprocess.run(
        command,
        cwd=directory,
        check=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    return done.stdout


def record_screen(directory):
    """Keep what a simulation of the lesson prints, and how large its bundle is."""
    screen = run([SIMULATION, "--rounds", 3, "--run", "results/simulation"], directory)
    size = f"{len(bundle()) / 1000:.0f} KB"
    keep_screens(FOLDER, {"simulation": screen, "bundle": size + "\n"})


def record_scale(directory):
    """Measure what a round costs, and draw it."""
    run(["beyond.engine.scale", "--out", "results/scale.csv"], directory)
    shutil.copyfile(directory / "results/scale.csv", FOLDER / "scale.csv")
    scale_picture.draw(scale.read_scales(FOLDER / "scale.csv")).savefig(FOLDER / "scale.png")


def record_thousand(directory):
    """Keep the history of a thousand clients who have enough to do, and the picture of their run."""
    run([SIMULATION, *THOUSAND], directory)
    kept = FOLDER / "thousand"
    kept.mkdir(exist_ok=True)
    for name in ("history.csv", "accuracy.png"):
        shutil.copyfile(directory / "results/thousand" / name, kept / name)


def record_chapters(directory):
    """Run chapters 6 and 7 on both engines; write a line each with the checksums of their models."""
    with open(FOLDER / "chapters.csv", "w", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["chapter", "options", "classic", "engine", "same_books"])
        for chapter, options in BOTH:
            classic, engine = run_both(chapter, options, directory)
            sums = [
                hashlib.sha256((one / "global_model.npz").read_bytes()) for one in (classic, engine)
            ]
            same = books_of(classic) == books_of(engine)
            table.writerow([chapter, " ".join(options), *(sum.hexdigest() for sum in sums), same])
            file.flush()
    shutil.copyfile(engine / "privacy.csv", FOLDER / "engine_privacy.csv")


def run_both(chapter, options, directory):
    """Run a chapter's federation and its simulation; return the directories of their runs."""
    address = f"127.0.0.1:{free_port()}"
    common = ["--rounds", 2, *options]
    words = [f"beyond.{chapter}.federation", *common, "--run", "results/classic"]
    run([*words, "--address", address], directory)
    run([SIMULATION, "--chapter", chapter, *common, "--run", "results/engine"], directory)
    return directory / "results/classic", directory / "results/engine"


def books_of(run_directory):
    """Return the content of what a chapter has recorded besides history and model: [bytes, ...]."""
    names = ("client_accuracy.csv", "privacy.csv")
    files = [run_directory / name for name in names]
    return [file.read_bytes() for file in files if file.exists()]


RECORDERS = {
    "screen": record_screen,
    "chapters": record_chapters,
    "thousand": record_thousand,
    "scale": record_scale,
}


def main(arguments=None):
    """Run the command line described above."""
    parser = OneLineParser("beyond.engine.record", __doc__)
    parser.add_argument("--only", choices=RECORDERS, nargs="+", default=list(RECORDERS))
    args = parser.parse_args(arguments)
    FOLDER.mkdir(exist_ok=True)
    with working_copy() as directory:
        for name in args.only:
            RECORDERS[name](Path(directory))
            print(f"Recorded {name}", flush=True)


if __name__ == "__main__":
    run_command(main, "beyond.engine.record")
