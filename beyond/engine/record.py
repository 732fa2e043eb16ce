"""Record what the sections on the bridge, the simulation and the chapters on the engine show.

    python -m beyond.engine.record                       # all of it, on a machine that does nothing else
    python -m beyond.engine.record --only thousand

Writes beyond/engine/recorded/: screens, the table of what a round costs and its picture, the history of a
thousand clients, and checksums of runs made on both of Flower's engines.
"""

from support.command_line import run_command
from support.listening import free_port

import csv
import hashlib

from beyond.engine import scale, scale_picture
from tools.recorder import keep_files, keep_screens, record_parts, run
from tools.terminals import ROOT

FOLDER = ROOT / "beyond/engine/recorded"
SIMULATION = "beyond.engine.simulation"
# What runs on both engines: the chapter, its options.
BOTH = (
    ("heterogeneity", ["--strategy", "FedAvgM", "--scheme", "shards", "--client-evaluation"]),
    ("privacy", ["--clip", "0.5", "--target-epsilon", "8", "--noise-seed", "0"]),
)
THOUSAND = ["--clients", 1000, "--rounds", 10, "--local-epochs", 5, "--run", "results/thousand"]


def record_screen(directory):
    """Keep what a simulation of the lesson prints."""
    screen = run(directory, "-m", SIMULATION, "--rounds", 3, "--run", "results/simulation")
    keep_screens(FOLDER, {"simulation": screen})


def record_scale(directory):
    """Measure what a round costs, and draw it."""
    run(directory, "-m", "beyond.engine.scale", "--out", "results/scale.csv")
    keep_files(FOLDER, directory / "results", "scale.csv")
    scale_picture.draw(scale.read_scales(FOLDER / "scale.csv")).savefig(FOLDER / "scale.png")


def record_thousand(directory):
    """Keep the history of a thousand clients who have enough to do, and the picture of their run."""
    run(directory, "-m", SIMULATION, *THOUSAND)
    keep_files(FOLDER / "thousand", directory / "results/thousand", "history.csv", "accuracy.png")


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
    (FOLDER / "engine_privacy.csv").write_bytes((engine / "privacy.csv").read_bytes())


def run_both(chapter, options, directory):
    """Run a chapter's federation and its simulation; return the directories of their runs."""
    address = f"127.0.0.1:{free_port()}"
    common = ["--rounds", 2, *options]
    words = ["-m", f"beyond.{chapter}.federation", *common, "--run", "results/classic"]
    run(directory, *words, "--address", address)
    words = ["-m", SIMULATION, "--chapter", chapter, *common, "--run", "results/engine"]
    run(directory, *words)
    return directory / "results/classic", directory / "results/engine"


def books_of(run_directory):
    """Return the content of what a chapter has recorded besides history and model: [bytes, ...]."""
    names = ("client_accuracy.csv", "privacy.csv")
    files = [run_directory / name for name in names]
    return [file.read_bytes() for file in files if file.exists()]


PARTS = {
    "screen": record_screen,
    "chapters": record_chapters,
    "thousand": record_thousand,
    "scale": record_scale,
}


def main(arguments=None):
    """Run the command line described above."""
    record_parts("beyond.engine.record", __doc__, FOLDER, PARTS, arguments)


if __name__ == "__main__":
    run_command(main, "beyond.engine.record")
