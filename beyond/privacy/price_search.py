"""Choose the settings that price.py uses, on images that are neither trained on nor among the tests.

    python -m beyond.privacy.price_search

Every trial becomes a line of recorded/price_search.csv, and the best for each number of clients, scheme,
network and epsilon goes to recorded/price_settings.json. Epsilon counts none of this: with people's data a
search costs privacy as well, or needs data of one's own.
"""

from support.command_line import OneLineParser, run_command
from support.files import replaced_file

import itertools
import json
import time

from beyond.privacy.price_data import crowd_of
from beyond.privacy.price_grid import DELTAS, SCHEMES, SETTINGS, Point, settings_key
from beyond.privacy.price_pool import in_parallel
from beyond.privacy.price_record import read_table, write_table
from beyond.privacy.price_training import KEEP, accuracies

TABLE = SETTINGS.with_name("price_search.csv")
SEED = 1000  # none of those that price.py measures with
# How long all rounds' clips together are, for each epsilon and number of clients; and the rounds.
PATHS = {
    ("edges", 8.0): {10: (1, 2, 4, 8), 100: (4, 8, 14, 20), 1000: (10, 25, 50, 80)},
    ("edges", 2.0): {10: (1, 2, 4), 100: (2, 4, 8), 1000: (10, 20, 40)},
    ("cnn", 8.0): dict.fromkeys(DELTAS, (1, 2, 4, 8)),
}
ROUNDS = {"edges": {10: (40,), 100: (40,), 1000: (100,)}, "cnn": dict.fromkeys(DELTAS, (4,))}
# For the network of edges so large that nearly all updates are cut: only their direction counts.
LEARNING_RATES = {"edges": (25.0,), "cnn": (0.05,)}
COLUMNS = {
    "network": str,
    "clients": int,
    "scheme": str,
    "epsilon": float,
    "rounds": int,
    "clip": float,
    "learning_rate": float,
    **dict.fromkeys(KEEP, float),  # accuracies on the validation images
}


def trials():
    """Return all (Point, settings) that are to be tried; settings are rounds, clip and learning_rate."""
    found = []
    for (network, epsilon), paths in PATHS.items():
        for clients, scheme in itertools.product(DELTAS, SCHEMES):
            point = Point(network, "central", clients, scheme, epsilon, SEED)
            for rounds, path, rate in itertools.product(
                ROUNDS[network][clients], paths[clients], LEARNING_RATES[network]
            ):
                settings = {"rounds": rounds, "clip": path / rounds, "learning_rate": rate}
                found.append((point, settings))
    return found


def row_of(point, settings):
    """Return the first columns of the trial's line."""
    names = ("network", "clients", "scheme", "epsilon")
    return {name: getattr(point, name) for name in names} | settings


def measure(trial):
    """Return the line of a trial."""
    point, settings = trial
    crowd = crowd_of(point, settings["learning_rate"], validation=True)
    return row_of(*trial) | accuracies(crowd, point, settings)


def choose(rows):
    """Return {key: settings}: the settings of the best of `rows` for each key, and which model is kept."""
    best = {}
    for row in rows:
        point = Point(
            row["network"], "central", row["clients"], row["scheme"], row["epsilon"], SEED
        )
        for keep in KEEP:
            accuracy, key = row[keep], settings_key(point)
            if key not in best or accuracy > best[key]["validation_accuracy"]:
                names = ("rounds", "clip", "learning_rate")
                found = {name: row[name] for name in names}
                best[key] = found | {"keep": keep, "validation_accuracy": accuracy}
    return best


def main(arguments=None):
    """Run the command line described above."""
    OneLineParser("beyond.privacy.price_search", __doc__).parse_args(arguments)
    rows = read_table(TABLE, COLUMNS) if TABLE.exists() else []
    known = [{name: row[name] for name in list(COLUMNS)[:-2]} for row in rows]
    left = [trial for trial in trials() if row_of(*trial) not in known]
    began = time.monotonic()
    for row in in_parallel(measure, left):
        rows.append(row)
        write_table(TABLE, COLUMNS, rows)
    with replaced_file(SETTINGS) as file:
        file.write((json.dumps(choose(rows), indent=2) + "\n").encode())
    print(f"{len(left)} trials in {time.monotonic() - began:.0f} s; wrote {TABLE} and {SETTINGS}")


if __name__ == "__main__":
    run_command(main, "beyond.privacy.price_search")
