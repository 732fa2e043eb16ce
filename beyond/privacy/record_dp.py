"""Record what the sections on the guarantee and the price show.

    python -m beyond.privacy.record_dp            # measures what results/price has not measured yet

Writes beyond/privacy/recorded/: the screen and the privacy.csv of a private federation of the lesson's
clients, the price, and points of the price repeated with real processes. The search for settings is a command
of its own, price_search.py.
"""

from support.listening import free_port

import shutil
from pathlib import Path

from beyond.privacy.price import COLUMNS
from beyond.privacy.price_grid import CELLS, SETTINGS
from beyond.privacy.price_record import read_table, write_table
from tools.recorder import keep_files, keep_screens, run
from tools.terminals import ROOT, working_copy

FOLDER = SETTINGS.parent
PRICE = ROOT / "results/price"
PRIVATE = ["beyond.privacy.federation", "--clip", "0.5", "--target-epsilon", "8", "--rounds", "4"]
# One point of each curve that fits on a desk: a thousand processes do not.
REAL = ((10, "iid"), (10, "shards"), (100, "iid"), (100, "shards"))
REAL_COLUMNS = {"clients": int, "scheme": str, "epsilon": float, "processes": float, "price": float}


def record_federation(directory):
    """Keep the screen and the record of the lesson's clients with a guarantee."""
    own = ("--noise-seed", 0, "--run", "results/private", "--address", f"127.0.0.1:{free_port()}")
    keep_screens(FOLDER, {"dp_server": run(directory, "-m", *PRIVATE, *own)})
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
        "address": f"127.0.0.1:{free_port()}",
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
        run(directory, "-m", *real_words(row, name))
        last = Path(directory, name, "history.csv").read_text().splitlines()[-1]
        found = {"processes": float(last.split(",")[2]), "price": row["accuracy"]}
        rows.append({"clients": clients, "scheme": scheme, "epsilon": 8.0} | found)
    write_table(FOLDER / "price_real.csv", REAL_COLUMNS, rows)


def is_point(row, wanted):
    """Return whether `row` is that of a Point with these six values."""
    return tuple(row[name] for name in list(COLUMNS)[:6]) == wanted


def main():
    """Run the command line described above."""
    run(ROOT, "-m", "beyond.privacy.price")
    keep_files(FOLDER, PRICE, "price.csv", "price.png")
    with working_copy() as directory:
        record_federation(directory)
        record_real(directory)


if __name__ == "__main__":
    main()
