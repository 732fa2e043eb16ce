"""Draw every diagram of the lesson, light and dark, as SVG files beside this script.

    python -m diagrams.build            # writes diagrams/*.svg
    python -m diagrams.build --check    # writes nothing; exits 1 if a file is out of date

The size of the weights in the sequence diagram comes from the recorded lesson's history.csv, and
the FedAvg example is computed here, so no figure in a diagram is typed by hand.
"""

import argparse
import csv
import os
import sys
from pathlib import Path

from diagrams.scenes import arithmetic, comparison, one_round, processes, sequence
from diagrams.shapes import PALETTES

FOLDER = Path(__file__).resolve().parent
HISTORY = FOLDER.parent / "recorded" / "lesson" / "history.csv"
WORKED_EXAMPLE = {"num_examples": [6000, 3000, 1000], "weights": [0.20, 0.50, -0.10]}


def fedavg(num_examples, weights):
    """The mean of one weight over all clients, each counted as often as it has images."""
    products = (count * weight for count, weight in zip(num_examples, weights, strict=True))
    return sum(products) / sum(num_examples)


def payload_bytes(history):
    """Bytes of one set of weights: what round 1 sent, divided by the clients it was sent to."""
    with open(history, newline="", encoding="utf-8") as file:
        first_round = next(row for row in csv.DictReader(file) if row["round"] == "1")
    return int(first_round["bytes_sent"]) // int(first_round["clients"])


def in_words(size):
    """A size in bytes, KB or MB, where 1 KB is 1000 bytes."""
    if size < 1000:
        return f"{size} bytes"
    return f"{size / 1000:.0f} KB" if size < 999_500 else f"{size / 1_000_000:.1f} MB"


def build(history=HISTORY):
    """Every file by name, with its text."""
    payload = in_words(payload_bytes(history))
    files = {}
    for theme, palette in PALETTES.items():
        drawings = {
            "centralized_vs_federated": comparison.scene(palette),
            **{f"round_step_{step}": one_round.scene(palette, step) for step in (1, 2, 3, 4)},
            "fedavg_arithmetic": arithmetic.scene(palette, WORKED_EXAMPLE, fedavg),
            "files_processes_ports": processes.scene(palette),
            "round_sequence": sequence.scene(palette, payload),
        }
        files |= {f"{name}.{theme}.svg": drawing.svg() for name, drawing in drawings.items()}
    return files


def write(path, text):
    """Replace a file in one move: a reader sees the old one or the new one, never a half."""
    draft = path.with_name(path.name + ".part")
    draft.write_text(text, encoding="utf-8", newline="\n")
    os.replace(draft, path)


def out_of_date(files):
    """Names of the files whose text on disk is missing or different."""
    on_disk = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.svg")}
    return [name for name, text in files.items() if on_disk.get(name) != text]


def main(arguments=None):
    """Write the files, or with --check compare them."""
    parser = argparse.ArgumentParser(prog="build.py", description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    parser.add_argument("--history", type=Path, default=HISTORY, help="a run's history.csv")
    options = parser.parse_args(arguments)
    shown = os.path.relpath(options.history)
    try:
        files = build(options.history)
    except OSError as error:
        parser.exit(
            2, f"build.py: cannot read {shown}: {error.strerror}; record the lesson first\n"
        )
    except (ValueError, TypeError, KeyError, StopIteration, ZeroDivisionError):
        parser.exit(
            2, f"build.py: {shown} has no usable row for round 1; record the lesson again\n"
        )
    stale = out_of_date(files)
    if options.check and stale:
        sys.exit(f"build.py: out of date: {', '.join(stale)}; run python -m diagrams.build")
    for name in stale:
        write(FOLDER / name, files[name])
    print(f"{len(files)} diagrams, {len(stale)} written")


if __name__ == "__main__":
    main()
