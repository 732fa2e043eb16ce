"""The price, and points of it repeated with real processes.

The search for settings is a command of its own, beyond/price/search.py; points that results/price has are not
measured again.
"""

from beyond.price.grid import CELLS
from pages.price.facts import PAGE, REAL_COLUMNS, rows
from pages.record import Recording, keep_files, run
from support.command_line import ROOT
from support.history import read_history
from support.tables import write_table

# One point of each curve that fits on one machine: a thousand processes do not.
REAL = ((10, "iid"), (10, "shards"), (100, "iid"), (100, "shards"))


def measure(directory, recorded):
    """Measure the points that are left, in this checkout."""
    run(ROOT, "python -m beyond.price.measure")
    keep_files(
        recorded, {name: ROOT / "results/price" / name for name in ("price.csv", "price.png")}
    )


def command_of(row):
    """Return the federation that repeats `row`, a line of price.csv."""
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
        "run": "results/real",
        "address": "{address}",
    }
    words = " ".join(f"--{name}={value}" for name, value in options.items())
    return f"python -m beyond.price.federation {words}"


def repeat(directory, recorded):
    """Repeat points of the price with real processes; write price_real.csv."""
    found = []
    for clients, scheme in REAL:
        point = {"clients": clients, "scheme": scheme, "epsilon": 8.0}
        wanted = point | {"network": "edges", "privacy": "central", "seed": 0}
        row = next(row for row in rows() if wanted.items() <= row.items())
        run(directory, command_of(row))
        accuracy = read_history(directory / "results/real")[-1].accuracy
        found.append(point | {"processes": accuracy, "price": row["accuracy"]})
    write_table(PAGE.recorded / "price_real.csv", REAL_COLUMNS, found)


RECORDINGS = {"measure": Recording(function=measure), "real": Recording(function=repeat)}
