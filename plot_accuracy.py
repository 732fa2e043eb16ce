"""Draw the global model's accuracy, round by round, for one run or several.

python plot_accuracy.py                              # results/fedavg -> results/fedavg/accuracy.png
python plot_accuracy.py results/a results/b --output comparison.png
"""

from pathlib import Path

from support.argument_types import path, percentage
from support.command_line import Options, parse_options, run_command
from support.figures import new_figure, plain_text, save_figure
from support.tables import read_history, run_directory

MOST_LETTERS = 40  # of a run's name
MOST_LABELS = 12  # points of one curve that can all carry their value without crowding


def draw(runs, lowest=0.0):
    """Return a matplotlib figure of `runs`: {name: list of Round}, from `lowest` percent up."""
    figure, [[axes]] = new_figure(figsize=(8, 4.5))
    for name, history in runs.items():
        rounds = [row.round for row in history]
        percent = [100 * row.accuracy for row in history]
        label = f"{plain_text(shortened(name))}: {percent[-1]:.2f} %"
        axes.plot(rounds, percent, marker="o", label=label)
        if len(runs) == 1:  # the labels of several would cover each other
            label_points(axes, rounds, percent)
    decorate(axes, lowest)
    return figure


def shortened(name):
    """Return a run's name, or its beginning if it would leave no room for the curves."""
    return name if len(name) <= MOST_LETTERS else f"{name[: MOST_LETTERS - 1]}…"


def decorate(axes, lowest):
    """Give a chart of accuracies against rounds its title, axes, grid and legend."""
    axes.set_title("Accuracy on the server's test images")
    axes.set_xlabel("Round (0: before training)")
    axes.set_ylabel("Test accuracy (%)" + (f", from {lowest:g} % up" if lowest else ""))
    axes.set_ylim(lowest, 100 + 0.09 * (100 - lowest))  # room for the labels above
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.grid(alpha=0.3)
    axes.legend(loc="lower right", title="Run: accuracy after its last round")


def label_points(axes, rounds, percent):
    """Write accuracies above the points: all of them, or only the last if they would crowd."""
    labelled = zip(rounds, percent, strict=True)
    if len(rounds) > MOST_LABELS:
        labelled = [(rounds[-1], percent[-1])]
    for x, y in labelled:
        # The curve rises from the first point, through the usual place.
        where = (0, -15) if x == rounds[0] else (0, 7)
        weight = "bold" if x == rounds[-1] else "normal"
        style = {"textcoords": "offset points", "ha": "center", "weight": weight}
        style["bbox"] = {"color": "white", "alpha": 0.7, "pad": 0.3}  # a curve behind stays behind
        axes.annotate(f"{y:.1f}", (x, y), where, **style)


def names_of(directories):
    """Return what the legend calls the runs: their directories' own names, unless two are the same."""
    names = [Path(directory).resolve().name for directory in directories]
    return names if len(set(names)) == len(names) else directories


def main(arguments=None):
    """Run the command line described above."""
    options = Options()
    add = options.add_argument
    add(
        "runs",
        nargs="*",
        type=run_directory,
        default=["results/fedavg"],
        metavar="RUN",
        help="directories of runs",
    )
    add(
        "--output",
        type=path,
        help="the PNG file to write; accuracy.png in the first RUN if not given",
    )
    add(
        "--from",
        dest="lowest",
        type=percentage,
        default=0,
        help="lowest accuracy shown, in percent",
    )
    args = parse_options(arguments, [options])
    output = args.output or Path(args.runs[0], "accuracy.png")
    histories = map(read_history, args.runs)
    figure = draw(dict(zip(names_of(args.runs), histories, strict=True)), args.lowest)
    save_figure(figure, output, option="--output")
    print(f"Wrote {output}")


if __name__ == "__main__":
    run_command(main)
