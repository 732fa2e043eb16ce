"""Draw the global model's accuracy, round by round, for one run or several.

    python plot_accuracy.py                              # results/fedavg -> results/fedavg/accuracy.png
    python plot_accuracy.py results/a results/b --output comparison.png

A directory that holds runs instead of one (of several seeds, or of every client alone) becomes one curve,
their median, in a band from the lowest to the highest.
"""

import statistics
from pathlib import Path

from support.command_line import OneLineParser, UserError, percentage, run_command
from support.files import replaced_file
from support.history import read_histories

MOST_LABELS = 12  # points of one curve that can all carry their value without crowding


def draw(runs, lowest=0.0):
    """Return a matplotlib figure of `runs`: {name: [list of Round, ...]}, from `lowest` percent up."""
    import matplotlib

    matplotlib.use("Agg")  # draws into memory: no screen needed
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(8, 4.5), layout="constrained")
    for name, histories in runs.items():
        rounds, percent = draw_curve(axes, name, histories)
        # The labels of several would cover each other; the legend has their last values.
        if len(runs) == 1:
            label_points(axes, rounds, percent, every=len(rounds) <= MOST_LABELS)
    axes.set_title("Accuracy on 10,000 held-out test images")
    axes.set_xlabel("Round (0: before training)")
    axes.set_ylabel("Test accuracy (%)" + (f", from {lowest:g} % up" if lowest else ""))
    axes.set_ylim(lowest, 100 + 0.09 * (100 - lowest))  # room for the labels above
    axes.xaxis.set_major_locator(matplotlib.ticker.MaxNLocator(integer=True))
    axes.grid(alpha=0.3)
    axes.legend(loc="lower right", title="Run: accuracy after its last round")
    return figure


def draw_curve(axes, name, histories):
    """Draw the median accuracy of `histories` (lists of Round), and their range as a band.

    Returns what was drawn: the rounds, and the median in percent after each.
    """
    by_round = list(zip(*histories, strict=False))  # as far as the shortest goes
    rounds = [rows[0].round for rows in by_round]
    percent = [[100 * row.accuracy for row in rows] for rows in by_round]
    last = statistics.median(percent[-1])
    median = draw_band(axes, rounds, percent, marker="o", label=f"{plain(name)}: {last:.2f} %")
    return rounds, median


def plain(name):
    """Return a directory's name as matplotlib prints it: $ begins a formula there."""
    return name.replace("$", r"\$")


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


def label_points(axes, rounds, percent, every):
    """Write accuracies above points: `every` one of them, or only the last."""
    for x, y in zip(rounds, percent, strict=True):
        last = x == rounds[-1]
        if every or last:
            weight = "bold" if last else "normal"
            where = (
                (22, -4) if x == rounds[0] else (0, 7)
            )  # the first point's line rises through the usual place
            axes.annotate(
                f"{y:.1f}", (x, y), where, textcoords="offset points", ha="center", weight=weight
            )


def save_plot(directories, output, lowest=0.0):
    """Draw the runs in `directories` into the PNG file `output`, from `lowest` percent up.

    Raises UserError if a run has no valid history or `output` cannot be written.
    """
    names = [Path(directory).resolve().name for directory in directories]
    if len(set(names)) < len(names):
        names = directories
    histories = map(read_histories, directories)
    figure = draw(dict(zip(names, histories, strict=True)), lowest)
    try:
        with replaced_file(output) as file:
            figure.savefig(file, format="png", dpi=150)
    except OSError as error:
        raise UserError(
            f"cannot write {output}: {error.strerror}; choose another --output"
        ) from None


def main(arguments=None):
    """Run the command line described above."""
    parser = OneLineParser("plot_accuracy.py", __doc__)
    parser.add_argument(
        "runs", nargs="*", default=["results/fedavg"], metavar="RUN", help="directories of runs"
    )
    parser.add_argument(
        "--output", help="the PNG file to write; accuracy.png in the first RUN if not given"
    )
    parser.add_argument(
        "--from",
        dest="lowest",
        type=percentage,
        default=0,
        help="lowest accuracy shown, in percent",
    )
    args = parser.parse_args(arguments)
    output = args.output or Path(args.runs[0], "accuracy.png")
    save_plot(args.runs, output, args.lowest)
    print(f"Wrote {output}")


if __name__ == "__main__":
    run_command(main, "plot_accuracy.py")
