"""What the guarantee costs: accuracy against epsilon, for ten, a hundred and a thousand clients.

    python -m beyond.price.measure                            # all of it -> results/price/price.png
    python -m beyond.price.measure --only 'edges, central, 100 *'

All clients of a point are computed in one process; clipping, averaging and noise are the functions that a
federation with real processes calls. What price.csv has is not measured again, unless search.py has chosen
other settings since: stop it whenever you like, and go on with the same command.
"""

import fnmatch
import time
from pathlib import Path

from beyond.price.data import crowd_of
from beyond.price.grid import SEEDS, grid
from beyond.price.plots import draw
from beyond.price.training import accuracies, noise_of
from support.argument_types import positive_int
from support.command_line import Options, UserError, parse_options, run_command
from support.figures import save_figure
from support.processes import in_parallel
from support.run_record import make_run_directory
from support.tables import read_table, write_table
from support.terminal import progress_bar

POINT = {
    "network": str,
    "privacy": str,
    "clients": int,
    "scheme": str,
    "epsilon": float,  # without noise it only says whose settings these are
    "seed": int,
}
SETTINGS = {"rounds": int, "clip": float, "learning_rate": float, "keep": str}
RESULT = {
    "delta": float,
    "noise_multiplier": float,
    "accuracy": float,  # on the test images
    "seconds": float,  # of one core
}
COLUMNS = POINT | SETTINGS | RESULT


def begun_row(point):
    """Return what price.csv says of a Point before it is measured."""
    chosen = point.settings()
    return {name: getattr(point, name) for name in POINT} | {
        name: chosen[name] for name in SETTINGS
    }


def measure(point):
    """Return the line of price.csv for a Point."""
    row = begun_row(point)
    began = time.process_time()
    found = accuracies(crowd_of(point, row["learning_rate"]), point, row)
    return row | {
        "delta": point.delta,
        "noise_multiplier": noise_of(point, row["rounds"]),
        "accuracy": found[row["keep"]],
        "seconds": round(time.process_time() - began, 2),
    }


def key_of(row):
    """Return what tells the line of a point from all others."""
    return tuple(row[name] for name in POINT)


def left_of(points, rows):
    """Return those of `points` that `rows`, {key: line}, do not have, or have with other settings."""
    return [point for point in points if not _is_in(rows, begun_row(point))]


def _is_in(rows, wanted):
    return wanted.items() <= rows.get(key_of(wanted), {}).items()


def chosen(points, pattern):
    """Return the points whose name matches; raise UserError if none does."""
    found = [point for point in points if fnmatch.fnmatchcase(point.name, pattern)]
    if not found:
        raise UserError(f"no point matches --only {pattern!r}; one is called {points[0].name!r}")
    return found


def main(arguments=None):
    """Run the command line described above."""
    options = Options()
    add = options.add_argument
    add(
        "--seeds",
        type=positive_int,
        default=max(SEEDS["edges"].values()),
        help="at most so many seeds",
    )
    add("--only", default="*", metavar="PATTERN", help="points whose name matches")
    add("--output", default="results/price", help="directory for price.csv and price.png")
    args = parse_options(arguments, [options])
    points = chosen(grid(args.seeds), args.only)
    output = make_run_directory(args.output, option="--output")
    table = Path(output, "price.csv")
    known = read_table(table, COLUMNS) if table.exists() else []
    rows = {key_of(row): row for row in known}
    left = left_of(points, rows)
    print(f"{len(points)} points, {len(points) - len(left)} of them measured already")
    with progress_bar() as bar:
        for row in bar.track(in_parallel(measure, left), len(left), description="Points"):
            rows[key_of(row)] = row
            write_table(table, COLUMNS, [rows[key] for key in sorted(rows)])
    save_figure(draw(list(rows.values())), output / "price.png", option="--output")
    print(f"Wrote {table} and {output / 'price.png'}")


if __name__ == "__main__":
    run_command(main)
