"""Record what the sections on the guarantee and the price show.

    python -m beyond.privacy.record_dp            # measures what results/price has not measured yet

Writes beyond/privacy/recorded/: the screen and the privacy.csv of a private federation of the lesson's
clients, the price, and points of the price repeated with real processes. The search for settings is a command
of its own, price_search.py.
"""

import shutil
import socket
import subprocess
import sys
from pathlib import Path

from beyond.privacy.price import COLUMNS
from beyond.privacy.price_grid import CELLS, SETTINGS
from beyond.privacy.price_record import read_table, write_table
from tools.record import keep_screens
from tools.terminals import ROOT, working_copy

FOLDER = SETTINGS.parent
PRICE = ROOT / "results/price"
PRIVATE = ["beyond.privacy.federation", "--clip", "0.5", "--target-epsilon", "8", "--rounds", "4"]
# One point of each curve that fits on a desk: a thousand processes do not.
REAL = ((10, "iid"), (10, "shards"), (100, "iid"), (100, "shards"))
REAL_COLUMNS = {"clients": int, "scheme": str, "epsilon": float, "processes": float, "price": float}


def run(words, directory):
    """Run `python -m WORDS` in `directory` and return what it prints."""
    command = [sys.executable, "-m", *map(str, words)]
    done = subprocess.run(command, cwd=directory, check=True, stdout=subprocess.PIPE, text=True)
    return done.stdout


def free_address():
    """Return 127.0.0.1:PORT with a port that nothing listens on."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return f"127.0.0.1:{probe.getsockname()[1]}"


def record_federation(directory):
    """Keep the screen and the record of the lesson's clients with a guarantee."""
    words = [*PRIVATE, "--noise-seed", 0, "--run", "results/private", "--address", free_address()]
    keep_screens(FOLDER, {"dp_server": run(words, directory)})
    for name in ("privacy.csv", "history.csv"):
        shutil.copyfile(directory / "results/private" / name, FOLDER / f"dp_{name}")


def real_words(row, run_directory):
    """Return the words of the federation that repeats `row`, a line of price.csv."""
    options = {
        "clients": row["clients"],
        "scheme": row["scheme"],
        "seed": row["seed"],
        "noise-seed": row["seed"],
        "delta": row["delta"],
        "target-epsilon": row["epsilon"],
        "rounds": row["rounds"],
        "clip": row["clip"],
        "learning-rate": row["learning_rate"],
        "batch-size": 60_000,
        "cells": CELLS[row["clients"]],
        "keep": row["keep"],
        "run": run_directory,
        "address": free_address(),
    }
    return ["beyond.privacy.edge_federation", *(f"--{name}={one}" for name, one in options.items())]


def record_real(directory):
    """Repeat points of the price with real processes; write price_real.csv."""
    rows = []
    for clients, scheme in REAL:
        wanted = ("edges", "central", clients, scheme, 8.0, 0)
        row = next(
            row for row in read_table(FOLDER / "price.csv", COLUMNS) if is_point(row, wanted)
        )
        name = f"results/real_{clients}_{scheme}"
        run(real_words(row, name), directory)
        last = Path(directory, name, "history.csv").read_text().splitlines()[-1]
        found = {"processes": float(last.split(",")[2]), "price": row["accuracy"]}
        rows.append({"clients": clients, "scheme": scheme, "epsilon": 8.0} | found)
    write_table(FOLDER / "price_real.csv", REAL_COLUMNS, rows)


def is_point(row, wanted):
    """Return whether `row` is that of a Point with these six values."""
    return tuple(row[name] for name in list(COLUMNS)[:6]) == wanted


def main():
    """Run the command line described above."""
    run(["beyond.privacy.price"], ROOT)
    for name in ("price.csv", "price.png"):
        shutil.copyfile(PRICE / name, FOLDER / name)
    with working_copy() as directory:
        record_federation(directory)
        record_real(directory)


if __name__ == "__main__":
    main()
