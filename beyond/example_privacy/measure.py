"""What the guarantee for single images costs: accuracy of ten clients with the lesson's network.

    python -m beyond.example_privacy.measure       # all of it -> results/example_privacy/accuracy.csv

Three levels (epsilon 8, epsilon 2, and the same clip without noise), two ways of dealing out, three seeds.
What is measured is not measured again: stop it whenever you like, and go on with the same command.
"""

import math
import time
from contextlib import redirect_stdout
from dataclasses import asdict, replace
from pathlib import Path

import torch

from beyond.example_privacy.training import Run, train
from support.argument_types import path, positive_int
from support.command_line import Options, parse_options, run_command
from support.run_record import make_run_directory
from support.tables import read_table, write_table

SCHEMES, EPSILONS = ("iid", "shards"), (8.0, 2.0, math.inf)
SEARCH = Path(__file__).with_name("recorded") / "search.csv"
RUN = Run.__annotations__
COLUMNS = {**RUN, "noise_multiplier": float, "accuracy": float, "seconds": float}  # of one core


def runs(seeds):
    """Return all Runs with the seeds 0 to `seeds` - 1, with the settings that search.py has found best."""
    return [
        replace(best_trial(scheme, epsilon), epsilon=epsilon, seed=seed)
        for seed in range(seeds)
        for scheme in SCHEMES
        for epsilon in EPSILONS
    ]


def best_trial(scheme, epsilon):
    """Return the Run that came out best; without noise, that of epsilon 8: only the noise is to differ."""
    tried = (scheme, min(epsilon, 8.0))
    rows = [row for row in read_table(SEARCH, COLUMNS) if (row["scheme"], row["epsilon"]) == tried]
    best = max(rows, key=lambda row: row["accuracy"])
    return Run(**{name: best[name] for name in RUN})


def measure(run, validation=False):
    """Return the line of accuracy.csv for a Run."""
    began = time.process_time()
    with redirect_stdout(None):  # ten clients would each say what a round came to
        accuracy, noise = train(run, validation)
    seconds = round(time.process_time() - began, 1)
    return {**asdict(run), "noise_multiplier": noise, "accuracy": accuracy, "seconds": seconds}


def measure_all(runs, table, validation=False):
    """Measure those of `runs` that are not in the file `table` yet; return its rows."""
    torch.set_num_threads(1)
    rows = read_table(table, COLUMNS) if table.exists() else []
    known = [{name: row[name] for name in RUN} for row in rows]
    for run in runs:
        if asdict(run) not in known:
            rows.append(measure(run, validation))
            write_table(table, COLUMNS, rows)
            print(f"{run}: {100 * rows[-1]['accuracy']:.1f} %", flush=True)
    return rows


def main(arguments=None):
    """Run the command line described above."""
    options = Options()
    add = options.add_argument
    add("--seeds", type=positive_int, default=3, help="how many seeds, from 0 up")
    add("--output", type=path, default="results/example_privacy", help="directory for the table")
    args = parse_options(arguments, [options])
    table = make_run_directory(args.output, "--output") / "accuracy.csv"
    measure_all(runs(args.seeds), table)
    print(f"Wrote {table}")


if __name__ == "__main__":
    run_command(main)
