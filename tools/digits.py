"""A picture of some of one client's digits: what never leaves it."""

import matplotlib
import numpy as np

from partition import load_partition

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402

ROWS, COLUMNS = 4, 16


def save_digits(partition, output):
    """Write the first 64 images of the partition file to the PNG file `output`."""
    images, _ = load_partition(partition)
    sheet = np.vstack(
        [np.hstack(images[row * COLUMNS : (row + 1) * COLUMNS]) for row in range(ROWS)]
    )
    plt.imsave(
        output, np.kron(255 - sheet, np.ones((2, 2), dtype=np.uint8)), cmap="gray", vmin=0, vmax=255
    )
