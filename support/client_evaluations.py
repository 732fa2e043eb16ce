"""client_accuracy.csv: how good the global model is for each client, on data of its own."""

import csv
import math
import statistics
from pathlib import Path

COLUMNS = ("round", "client", "examples", "accuracy")


class ClientEvaluations:
    """Keeps what clients report of each round in `directory`/client_accuracy.csv."""

    def __init__(self, directory, last_round=None):
        """`last_round`: the number after which an interrupted run goes on; None for a new run."""
        self.path = Path(directory, "client_accuracy.csv")
        kept = []
        if last_round is not None and self.path.exists():
            kept = [row for row in read_client_accuracies(directory) if row["round"] <= last_round]
        self.path.unlink(missing_ok=True)
        self._append(kept)

    def add_round(self, server_round, reports):
        """Append `reports`, [(client number, examples, accuracy), ...]; return a summary in words.

        Reports that cannot be true are left out. Returns None if none is left.
        """
        sound = [report for report in reports if _is_sound(*report)]
        self._append([dict(zip(COLUMNS, (server_round, *report), strict=True)) for report in sound])
        if not sound:
            return None
        accuracies = [accuracy for _, _, accuracy in sound]
        worst, _, lowest = min(sound, key=lambda report: report[2])
        return (
            f"the model on {len(sound)} clients' own data: mean {statistics.mean(accuracies):.2%}, "
            f"worst {lowest:.2%} (client {worst}), "
            f"standard deviation {100 * statistics.pstdev(accuracies):.2f} points"
        )

    def _append(self, rows):
        if not rows:
            return
        is_new = not self.path.exists()
        with open(self.path, "a", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
            if is_new:
                writer.writeheader()
            writer.writerows(rows)


def read_client_accuracies(directory):
    """Return the rows of `directory`/client_accuracy.csv as dicts of numbers."""
    with open(Path(directory, "client_accuracy.csv"), newline="") as file:
        return [
            {
                "round": int(row["round"]),
                "client": int(row["client"]),
                "examples": int(row["examples"]),
                "accuracy": float(row["accuracy"]),
            }
            for row in csv.DictReader(file)
        ]


def _is_sound(client, examples, accuracy):
    is_number = isinstance(accuracy, float) and math.isfinite(accuracy)
    return client is not None and examples > 0 and is_number and 0 <= accuracy <= 1
