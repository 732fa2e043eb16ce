"""What is compared; comparison.csv, with a line for every round of every run; and figures read from it."""

import json
import statistics
from pathlib import Path

from beyond.heterogeneity.client_accuracy import read_client_accuracies
from support.command_line import UserError
from support.tables import read_history

SCHEMES = {
    "iid": ["--scheme", "iid"],
    "dirichlet": ["--scheme", "dirichlet", "--alpha", "0.1"],
    "shards": ["--scheme", "shards"],
}
# A strategy's own options were chosen once, on shards with seed 0; the page says among which.
STRATEGIES = {
    "FedAvg": [],
    "FedAvgM": ["--server-momentum", "0.5"],
    "FedProx": ["--proximal-mu", "0.01"],
    "FedAdam": ["--server-learning-rate", "0.03"],
    "FedYogi": ["--server-learning-rate", "0.03"],
}
# The columns and their types. "" stands for what a run does not have.
COLUMNS = {
    "part": str,  # see grid.py, down to seed
    "scheme": str,
    "method": str,
    "local_epochs": int,
    "fraction_fit": float,
    "seed": int,
    "client": str,  # alone: which client
    "digits": str,  # alone: the digits that it owns
    "round": int,
    "passes": float,  # over all images, or over its own if the client is alone
    "accuracy": float,  # on the test images
    "client_mean": str,  # accuracy on the clients' own held-out images: the mean of all clients,
    "client_worst": str,  # and that of the worst client
    "seconds": float,  # that the round took
    "bytes": int,  # of weights for training, both ways, since the run began
}


def collect(runs):
    """Return the lines of comparison.csv for `runs` (see grid.py), finished runs below this directory."""
    rows = []
    for run in runs:
        if run.method == "alone":
            for directory in sorted(Path(run.name).glob("client_*"), key=_number):
                digits = " ".join(map(str, _digits(directory)))
                rows += _rows(run, directory, client=str(_number(directory)), digits=digits)
        else:
            rows += _rows(run, Path(run.name))
    return rows


def _digits(directory):
    """Return the digits that the lone client recorded in `directory` owns."""
    path = directory / "run.json"
    try:
        return json.loads(path.read_text(encoding="utf-8"))["settings"]["digits"]
    except (OSError, ValueError, TypeError, KeyError):
        raise UserError(
            f"{path} is damaged; remove {directory.parent} and make that run again"
        ) from None


def _number(directory):
    return int(directory.name.removeprefix("client_"))


def _rows(run, directory, client="", digits=""):
    """Return one line for every round in the record `directory`."""
    names = ("part", "scheme", "method", "local_epochs", "fraction_fit", "seed")
    about = {name: getattr(run, name) for name in names} | {"client": client, "digits": digits}
    own = _own_accuracies(directory)
    rows, moved = [], 0
    for row in read_history(directory):
        moved += row.bytes_sent + row.bytes_received
        result = {
            "round": row.round,
            "passes": round(row.round * run.local_epochs * run.fraction_fit, 6),
            "accuracy": row.accuracy,
            "client_mean": "",
            "client_worst": "",
            "seconds": row.seconds,
            "bytes": moved,
        }
        rows.append(about | result | own.get(row.round, {}))
    return rows


def _own_accuracies(directory):
    """Return {round: {column: the model's accuracy on the clients' own images}}; {} if no client tested."""
    by_round = {}
    if (directory / "client_accuracy.csv").exists():
        for row in read_client_accuracies(directory):
            by_round.setdefault(row["round"], []).append(row["accuracy"])
    return {
        number: {"client_mean": f"{statistics.mean(own):.6f}", "client_worst": f"{min(own):.6f}"}
        for number, own in by_round.items()
    }


def curves(rows, **wanted):
    """Return the rows, round by round, of every run (and lone client) that has the `wanted` values."""
    found = {}
    for row in rows:
        if all(row[name] == value for name, value in wanted.items()):
            key = (row["part"], row["scheme"], row["method"], row["seed"], row["client"])
            key += (row["local_epochs"], row["fraction_fit"])
            found.setdefault(key, []).append(row)
    return list(found.values())


def rounds_to(target, accuracies):
    """Return after how many rounds a curve crosses `target`, or None if it never does.

    `accuracies` start with round 0. As in McMahan et al. 2017, section 3: the best value so far counts, and
    between two rounds the curve is a straight line.
    """
    best = accuracies[0]
    if best >= target:
        return 0.0
    for number, accuracy in enumerate(accuracies[1:], start=1):
        if accuracy >= target:
            return number - 1 + (target - best) / (accuracy - best)
        best = max(best, accuracy)
    return None
