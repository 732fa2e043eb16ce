"""A picture of who owns which digits."""

from support.command_line import UserError
from support.files import replaced_file

MOST_NAMED = 30  # clients that can all carry their number without crowding


def draw_partitions(counts, scheme, path):
    """Draw `counts`, images of each digit by client (clients, 10), into the PNG file `path`.

    The area of a dot is the number of images; `scheme` says in the title how they were dealt out.
    Raises UserError if `path` cannot be written.
    """
    import matplotlib
    import numpy as np

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    clients = len(counts)
    height = min(2.2 + 0.29 * clients, 16)
    figure, axes = plt.subplots(figsize=(5.5, height), layout="constrained")
    rows, digits = np.nonzero(counts)
    largest = (height * 72 * 0.7 / clients) ** 2  # points squared: a dot fills its row
    axes.scatter(digits, rows, s=largest * counts[rows, digits] / counts.max(), alpha=0.8)
    axes.set(title=f"Who owns which digits: {scheme}", xlabel="Digit", ylabel="Client")
    axes.set_xticks(range(10))
    axes.set_xlim(-0.7, 9.7)
    axes.set_ylim(clients - 0.3, -0.7)
    if clients <= MOST_NAMED:
        axes.set_yticks(range(clients))
    else:
        axes.yaxis.set_major_locator(matplotlib.ticker.MaxNLocator(integer=True))
    axes.grid(alpha=0.3)
    figure.supxlabel(
        f"The area of a dot is a number of images; the largest is {counts.max():,}", fontsize=9
    )
    try:
        with replaced_file(path) as file:
            figure.savefig(file, format="png", dpi=150)
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror}; choose another --plot") from None
    finally:
        plt.close(figure)
