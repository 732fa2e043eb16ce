"""A picture of which client owns which digits, drawn from the current partitions.

python -m beyond.heterogeneity.plot_partitions --plot results/partitions.png
"""

from pathlib import Path

import numpy as np

from support.command_line import Options, UserError, parse_options, run_command
from support.figures import check_picture, new_figure, save_figure
from support.partitions import PARTITIONS, load_partition, partition_settings
from support.run_record import make_run_directory

MOST_NAMED = 30  # clients whose numbers all fit beside the chart


def draw_partitions(counts, scheme):
    """Return a matplotlib figure of `counts`, images of each digit by client (clients, 10).

    The area of a dot stands for a number of images; the title says how they were dealt out: `scheme`.
    """
    clients = len(counts)
    height = min(2.2 + 0.29 * clients, 16)
    figure, [[axes]] = new_figure(figsize=(5.5, height))
    rows, digits = np.nonzero(counts)
    largest = (height * 72 * 0.7 / clients) ** 2  # points squared: a dot fills its row
    axes.scatter(digits, rows, s=largest * counts[rows, digits] / counts.max(), alpha=0.8)
    axes.set(title=f"Who owns which digits: {scheme}", xlabel="Digit", ylabel="Client")
    name_clients_and_digits(axes, clients)
    figure.supxlabel(
        f"The area of a dot is a number of images; the largest is {counts.max():,}", fontsize=9
    )
    return figure


def name_clients_and_digits(axes, clients):
    """Give the chart a row for every client, from the top down, and a column for every digit."""
    axes.set_xticks(range(10))
    axes.set_xlim(-0.7, 9.7)
    axes.set_ylim(clients - 0.3, -0.7)
    if clients <= MOST_NAMED:
        axes.set_yticks(range(clients))
    else:
        axes.yaxis.get_major_locator().set_params(integer=True)
    axes.grid(alpha=0.3)


def counts_of(clients):
    """Return how many images of each digit every client has, (clients, 10)."""
    labels = [load_partition(PARTITIONS / f"client_{k}.npz")[1] for k in range(clients)]
    return np.array([np.bincount(owned, minlength=10) for owned in labels])


def main(arguments=None):
    """Run the command line described above."""
    options = Options()
    options.add_argument("--plot", default="results/partitions.png", help="the PNG file to write")
    plot = parse_options(arguments, [options]).plot
    settings = partition_settings()
    if settings is None:
        raise UserError(
            f"{PARTITIONS}/ holds nothing that partition.py has dealt out; run python partition.py first"
        )
    check_picture(plot, option="--plot")
    make_run_directory(Path(plot).parent, option="--plot")
    alpha = f", alpha {settings['alpha']:g}" if "alpha" in settings else ""
    figure = draw_partitions(counts_of(settings["clients"]), settings["scheme"] + alpha)
    save_figure(figure, plot, option="--plot")
    print(f"Wrote {plot}")


if __name__ == "__main__":
    run_command(main)
