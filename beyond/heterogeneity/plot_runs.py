"""Several runs as one curve: their median, in a band from the lowest to the highest.

    python -m beyond.heterogeneity.plot_runs results/comparison/strategies/iid/FedAvg --output bands.png

Each DIRECTORY holds runs (of several seeds, or of every client alone) and becomes one curve.
"""

import statistics
from pathlib import Path

from plot_accuracy import decorate, names_of
from support.argument_types import percentage
from support.command_line import Options, UserError, parse_options, run_command
from support.figures import new_figure, plain_text, save_figure
from support.tables import read_history


def draw_band(axes, along, values, **style):
    """Draw the median of `values` (a list of numbers for each x in `along`) in a band from lowest to highest.

    Returns the medians.
    """
    median = list(map(statistics.median, values))
    (line,) = axes.plot(along, median, **style)
    if len(values[0]) > 1:
        lowest, highest = (list(map(end, values)) for end in (min, max))
        axes.fill_between(along, lowest, highest, color=line.get_color(), alpha=0.2, linewidth=0)
    return median


def read_histories(directory):
    """Return the histories of all runs in or below `directory`: [list of Round, ...].

    Raises UserError if there is none, or if one is damaged.
    """
    runs = sorted(path.parent for path in Path(directory).glob("**/history.csv"))
    if not runs:
        raise UserError(f"there is no run in {directory}; name a directory that holds runs")
    return [read_history(run) for run in runs]


def draw(groups, lowest=0.0):
    """Return a matplotlib figure of `groups`: {name: [list of Round, ...]}, from `lowest` percent up."""
    figure, [[axes]] = new_figure(figsize=(8, 4.5))
    for name, histories in groups.items():
        by_round = list(zip(*histories, strict=False))  # as far as the shortest goes
        percent = [[100 * row.accuracy for row in rows] for rows in by_round]
        last = statistics.median(percent[-1])
        label = f"{plain_text(name)}: {last:.2f} %"
        draw_band(axes, [rows[0].round for rows in by_round], percent, marker="o", label=label)
    decorate(axes, lowest)
    return figure


def main(arguments=None):
    """Run the command line described above."""
    options = Options()
    add = options.add_argument
    add("directories", nargs="+", metavar="DIRECTORY", help="directories of runs, one for a curve")
    add("--output", required=True, help="the PNG file to write")
    add("--from", dest="lowest", type=percentage, default=0, help="lowest accuracy, in percent")
    args = parse_options(arguments, [options])
    groups = map(read_histories, args.directories)
    figure = draw(dict(zip(names_of(args.directories), groups, strict=True)), args.lowest)
    save_figure(figure, args.output, option="--output")
    print(f"Wrote {args.output}")


if __name__ == "__main__":
    run_command(main)
