"""A picture of some of one client's digits: what never leaves it."""

import matplotlib.image
import numpy as np

ROWS, COLUMNS = 4, 16


def save_digits(partition, output):
    """Write the first 64 images of the partition file to the PNG file `output`."""
    with np.load(partition, allow_pickle=False) as file:
        images = file["images"][: ROWS * COLUMNS]  # (64, 28, 28)
    rows = images.reshape(ROWS, COLUMNS, *images.shape[1:])
    sheet = np.vstack([np.hstack(row) for row in rows])
    enlarged = np.kron(255 - sheet, np.ones((2, 2), dtype=np.uint8))  # black on white
    matplotlib.image.imsave(output, enlarged, cmap="gray", vmin=0, vmax=255)
