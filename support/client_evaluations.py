"""client_accuracy.csv: how good the global model is for each client, on data of its own.

Clients are asked after a round is on record. A server that is killed in between, and goes on with --resume,
does not ask again: the file has no lines for that round.
"""

import csv
import io
import math
import statistics
from pathlib import Path

from support.command_line import RunError, UserError
from support.files import replaced_file, signals_deferred

COLUMNS = ("round", "client", "examples", "accuracy")


class ClientEvaluations:
    """Keeps what clients report of each round in `directory`/client_accuracy.csv."""

    def __init__(self, directory, last_round=None):
        """`last_round`: the number after which an interrupted run goes on; None for a new run."""
        self.path = Path(directory, "client_accuracy.csv")
        self.rows = []
        if last_round is not None and self.path.exists():
            self.rows = [
                row for row in read_client_accuracies(directory) if row["round"] <= last_round
            ]
        if not self.rows:
            self.path.unlink(missing_ok=True)

    def add_round(self, server_round, reports):
        """Add `reports`, [(client number, examples, accuracy), ...]; return a summary in words.

        Reports that cannot be true are left out. Returns None if none is left. Raises RunError if the disk
        does not take them.
        """
        sound = [report for report in reports if _is_sound(*report)]
        if not sound:
            return None
        self.rows += [dict(zip(COLUMNS, (server_round, *report), strict=True)) for report in sound]
        self._write()
        accuracies = [accuracy for _, _, accuracy in sound]
        worst, _, lowest = min(sound, key=lambda report: report[2])
        return (
            f"the model on {len(sound)} clients' own data: mean {statistics.mean(accuracies):.2%}, "
            f"worst {lowest:.2%} (client {worst}), "
            f"standard deviation {100 * statistics.pstdev(accuracies):.2f} points"
        )

    def _write(self):
        text = io.StringIO()
        writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(self.rows)
        try:
            with signals_deferred(), replaced_file(self.path) as file:
                file.write(text.getvalue().encode())
        except OSError as error:
            raise RunError(f"cannot write {self.path}: {error.strerror}") from None


def read_client_accuracies(directory):
    """Return the rows of `directory`/client_accuracy.csv as dicts of numbers.

    Raises UserError if a line of it is damaged.
    """
    path = Path(directory, "client_accuracy.csv")
    kinds = dict(zip(COLUMNS, (int, int, int, float), strict=True))
    try:
        with open(path, newline="") as file:
            return [
                {name: kind(row[name]) for name, kind in kinds.items()}
                for row in csv.DictReader(file)
            ]
    except (OSError, ValueError, TypeError, KeyError, csv.Error) as error:
        raise UserError(f"{path} is damaged ({error}); remove it, or make the run again") from None


def _is_sound(client, examples, accuracy):
    is_number = isinstance(accuracy, float) and math.isfinite(accuracy)
    return client is not None and examples > 0 and is_number and 0 <= accuracy <= 1
