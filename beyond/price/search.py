"""Choose the settings that measure.py uses, on images that are neither trained on nor among the tests.

    python -m beyond.price.search

Every trial becomes a line of recorded/price_search.csv, and what is best in the mean over the seeds, for each
number of clients, scheme, network and epsilon, goes to recorded/price_settings.json. Epsilon counts none of
this: with people's data a search costs privacy as well, or needs data of one's own.
"""

import json
import statistics
import time

from beyond.price.data import crowd_of
from beyond.price.grid import SCHEMES, SETTINGS, Point, settings_key
from beyond.price.training import KEEP, accuracies
from support.command_line import parse_options, run_command
from support.files import replaced_file
from support.processes import in_parallel
from support.tables import read_table, write_table
from support.terminal import progress_bar

TABLE = SETTINGS.with_name("price_search.csv")
FIRST_SEED = 1000  # none of those that measure.py measures with
# How many seeds: with ten clients what one seed says of a clip is chance.
SEEDS = {"edges": {10: 5, 100: 1, 1000: 1}, "cnn": {10: 1, 100: 1, 1000: 1}}
# A thousand clients have 60 images each: an epoch is two steps, and takes more rounds and a larger rate.
ROUNDS = {
    "edges": {10: 40, 100: 40, 1000: 100},
    "cnn": {10: 4, 100: 4, 1000: 20},
}
# How long the clips of all rounds together are: for each network, epsilon and number of clients.
PATHS = {
    ("edges", 8.0, 10): (2, 4, 8),
    ("edges", 8.0, 100): (4, 12, 20),
    ("edges", 8.0, 1000): (25, 50),
    ("edges", 2.0, 10): (0.25, 0.5, 1, 2, 4),
    ("edges", 2.0, 100): (2, 4, 8),
    ("edges", 2.0, 1000): (10, 20),
    ("edges", 1.0, 10): (0.125, 0.25, 0.5, 1, 2),
    ("edges", 1.0, 100): (1, 2, 4),
    ("cnn", 8.0, 10): (1, 4),
    ("cnn", 8.0, 100): (1, 4),
    ("cnn", 8.0, 1000): (4, 10),
}
# A thousand clients with two digits each bear a longer way, in more rounds: (rounds, path).
MORE = {("edges", 8.0, 1000, "shards"): ((200, 80), (200, 120))}
# For the network of edges so large that nearly all updates are cut: only their direction counts.
LEARNING_RATES = {
    "edges": {10: 25.0, 100: 25.0, 1000: 25.0},
    "cnn": {10: 0.05, 100: 0.05, 1000: 0.2},
}
COLUMNS = {
    "network": str,
    "clients": int,
    "scheme": str,
    "epsilon": float,
    "seed": int,
    "rounds": int,
    "clip": float,
    "learning_rate": float,
    **dict.fromkeys(KEEP, float),  # accuracies on the validation images
}
SOUGHT = ("network", "clients", "scheme", "epsilon")
CHOSEN = ("rounds", "clip", "learning_rate")


def trials():
    """Return all (Point, settings) that are to be tried; settings are rounds, clip and learning_rate."""
    found = []
    for (network, epsilon, clients), paths in PATHS.items():
        rounds, rate = ROUNDS[network][clients], LEARNING_RATES[network][clients]
        for scheme in SCHEMES if network == "edges" else ("iid",):
            more = MORE.get((network, epsilon, clients, scheme), ())
            for number, path in [*((rounds, path) for path in paths), *more]:
                point = (network, "central", clients, scheme, epsilon)
                found += with_seeds(point, number, path / number, rate)
    return found


def with_seeds(point, rounds, clip, learning_rate):
    """Return a trial of these settings for every seed; `point` are a Point's fields but for the seed."""
    settings = {"rounds": rounds, "clip": clip, "learning_rate": learning_rate}
    network, _, clients, *_ = point
    seeds = range(FIRST_SEED, FIRST_SEED + SEEDS[network][clients])
    return [(Point(*point, seed), settings) for seed in seeds]


def row_of(point, settings):
    """Return the first columns of the trial's line."""
    return {name: getattr(point, name) for name in (*SOUGHT, "seed")} | settings


def measure(trial):
    """Return the line of a trial."""
    point, settings = trial
    crowd = crowd_of(point, settings["learning_rate"], validation=True)
    return row_of(*trial) | accuracies(crowd, point, settings)


def choose(rows):
    """Return {key: settings}: those with the best mean accuracy over the seeds, and which model is kept."""
    trials = {}  # {(what is sought, settings): lines, one for each seed}
    for row in rows:
        sought, settings = (tuple(row[name] for name in names) for names in (SOUGHT, CHOSEN))
        trials.setdefault((settings_key(*sought), settings), []).append(row)
    best = {}
    for (key, settings), lines in trials.items():
        for keep in KEEP:
            accuracy = round(statistics.mean(line[keep] for line in lines), 6)
            if key not in best or accuracy > best[key]["validation_accuracy"]:
                found = dict(zip(CHOSEN, settings, strict=True))
                best[key] = found | {"keep": keep, "validation_accuracy": accuracy}
    return best


def main(arguments=None):
    """Run the command line described above."""
    parse_options(arguments, [])
    rows = read_table(TABLE, COLUMNS) if TABLE.exists() else []
    known = [{name: row[name] for name in (*SOUGHT, "seed", *CHOSEN)} for row in rows]
    left = [trial for trial in trials() if row_of(*trial) not in known]
    began = time.monotonic()
    with progress_bar() as bar:
        for row in bar.track(in_parallel(measure, left), len(left), description="Trials"):
            rows.append(row)
            write_table(TABLE, COLUMNS, rows)
    with replaced_file(SETTINGS) as file:
        file.write((json.dumps(choose(rows), indent=2) + "\n").encode())
    print(f"{len(left)} trials in {time.monotonic() - began:.0f} s; wrote {TABLE} and {SETTINGS}")


if __name__ == "__main__":
    run_command(main)
