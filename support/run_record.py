"""The record of a run on disk: history.csv, run.json and global_model.npz in one directory.

history.csv gains a line after every round, and global_model.npz is replaced as a whole, so whatever ends
the run, what is on disk is valid.
"""

import csv
import json
import os
import platform
import tempfile
from dataclasses import asdict, dataclass, fields
from importlib.metadata import version
from pathlib import Path

import numpy as np

from support.command_line import UserError
from support.files import replaced_file

PACKAGES = ("flwr", "torch", "numpy")


@dataclass(frozen=True)
class Round:
    """One line of history.csv. Round 0 is the untrained model."""

    round: int
    loss: float  # mean cross-entropy on the test images
    accuracy: float  # fraction of the test images, 0..1
    seconds: float  # from the first weights sent to the evaluation's end
    clients: int  # whose updates were averaged
    failures: int  # who was asked and did not answer
    bytes_sent: int  # model payloads, all clients together
    bytes_received: int


class RunRecord:
    """Writes one run's record to `directory`; an earlier record there is replaced.

    `settings` (a JSON-able dict) goes to run.json, `weight_names` name the arrays in global_model.npz.
    Raises UserError if the directory cannot be written to.
    """

    def __init__(self, directory, settings, weight_names):
        self.directory = make_run_directory(directory)
        self.settings = settings
        self.weight_names = weight_names
        with replaced_file(self.directory / "run.json") as file:
            file.write(self._description())

    def add_round(self, row, weights):
        """Append `row` (a Round) to the history and store `weights` (NumPy arrays)."""
        with replaced_file(self.directory / "global_model.npz") as file:
            np.savez(file, **dict(zip(self.weight_names, weights, strict=True)))
        history = self.directory / "history.csv"
        with open(history, "w" if row.round == 0 else "a", newline="") as file:
            writer = csv.DictWriter(
                file, [field.name for field in fields(Round)], lineterminator="\n"
            )
            if row.round == 0:
                writer.writeheader()
            writer.writerow(asdict(row))
            file.flush()
            os.fsync(file.fileno())

    def _description(self):
        versions = {
            "python": platform.python_version(),
            **{name: version(name) for name in PACKAGES},
        }
        content = {"settings": self.settings, "versions": versions}
        return (json.dumps(content, indent=2) + "\n").encode()


def make_run_directory(directory):
    """Make `directory` if it is not there and return its Path; raise UserError if it cannot be written to."""
    try:
        Path(directory).mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=directory):
            return Path(directory)
    except OSError as error:
        raise UserError(
            f"cannot write to {directory}: {error.strerror}; choose another --run"
        ) from None


def read_history(directory):
    """Return the rounds in `directory`/history.csv as a list of Round, in order.

    Raises UserError if there is no history, or if a line of it is damaged.
    """
    path = Path(directory) / "history.csv"
    try:
        with open(path, newline="") as file:
            rows = [_parsed(row) for row in csv.DictReader(file)]
    except FileNotFoundError:
        raise UserError(f"there is no {path}; make a run with python federation.py") from None
    except (OSError, ValueError, TypeError, KeyError, csv.Error) as error:
        raise UserError(f"{path} is damaged ({error}); make the run again") from None
    if not rows or [row.round for row in rows] != list(range(len(rows))):
        raise UserError(f"{path} is damaged (rounds missing or out of order); make the run again")
    return rows


def _parsed(row):
    return Round(**{field.name: field.type(row[field.name]) for field in fields(Round)})
