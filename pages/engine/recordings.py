"""Runs on both of Flower's engines, and one in the Message API."""

import hashlib

from pages.record import Recording, run
from support.tables import write_table

# What runs on both engines: the room, what --chapter calls it, its options.
BOTH = (
    ("heterogeneity", "heterogeneity", "--strategy FedAvgM --scheme shards --client-evaluation"),
    ("differential_privacy", "privacy", "--clip 0.5 --target-epsilon 8 --noise-seed 0"),
)
OWN = ("client_accuracy.csv", "privacy.csv")  # what a room records besides history and model


def compare(directory, recorded):
    """Run both; write a line each with the checksums of their models."""
    rows = []
    for room, chapter, options in BOTH:
        common = f"--rounds 2 {options}"
        classic = f"beyond.{room}.federation {common} --address {{address}}"
        run(directory, f"python -m {classic} --run results/classic")
        engine = f"beyond.simulation.federation --chapter {chapter} {common}"
        run(directory, f"python -m {engine} --run results/engine")
        runs = [directory / "results" / name for name in ("classic", "engine")]
        sums = [hashlib.sha256((one / "global_model.npz").read_bytes()) for one in runs]
        same = own_records(runs[0]) == own_records(runs[1])
        rows.append([chapter, options, *(sum.hexdigest() for sum in sums), same])
    columns = ["chapter", "options", "classic", "engine", "same_books"]
    write_table(recorded / "chapters.csv", columns, rows)


def own_records(directory):
    """Return what a room has recorded of a run: {name: bytes}."""
    files = [directory / name for name in OWN]
    return {file.name: file.read_bytes() for file in files if file.exists()}


RECORDINGS = {
    "chapters": Recording(
        function=compare, files={"engine_privacy.csv": "results/engine/privacy.csv"}
    ),
    "messages": Recording(
        (
            "python -m beyond.simulation.messages --rounds 3 --round-timeout 300"
            " --run results/messages",
        ),
        files={"messages_history.csv": "results/messages/history.csv"},
    ),
}
