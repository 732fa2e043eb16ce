"""Finds rows of numbers in bytes, thousands at once: exactly as they are, or at any scale.

All windows of a message are hashed at once, so that thousands of rows cost no more than one.
"""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

FACTOR = np.uint64(0x9E3779B97F4A7C15)  # odd, with no pattern in its bits
AT_ONCE = (
    10_000  # rows that are hashed at a time, for the hashes of each step take eight bytes a value
)
BEGINNING = 24  # bits of a hash
SHIFT = np.uint64(64 - BEGINNING)
# Levels of a scaled row. 9973 is prime: no row of whole numbers up to 255 has a value halfway between two.
LEVELS = 997.3
FLOATS = (np.float32, np.float64)


class RowIndex:
    """Finds `rows`, words (n, width), in bytes."""

    def __init__(self, rows):
        self.rows = rows
        parts = np.array_split(rows, 1 + len(rows) // AT_ONCE)
        hashes = np.concatenate([window_hashes(part, part.shape[1])[:, 0] for part in parts])
        self.order = np.argsort(hashes)
        self.hashes = hashes[self.order]
        self.begun = np.zeros(
            2**BEGINNING, bool
        )  # how a hash may begin: rules most windows out at once
        self.begun[self.hashes >> SHIFT] = True

    def find(self, content):
        """Return the numbers of those rows that are in `content`, at any offset; each is compared in full."""
        width, found = self.rows.shape[1], set()
        for words in words_in(content, self.rows.dtype, width):
            found |= self._find(sliding_window_view(words, width), window_hashes(words, width))
        return found

    def _find(self, windows, hashes):
        starts = np.flatnonzero(self.begun[hashes >> SHIFT])
        starts = starts[np.isin(hashes[starts], self.hashes)]
        return {row for i in starts for row in self._equal(windows[i], hashes[i])}

    def _equal(self, window, hash_of_it):
        """Return the rows that are equal to `window`: twins have the same hash, and others may have."""
        first, last = (np.searchsorted(self.hashes, hash_of_it, side) for side in ("left", "right"))
        return [int(row) for row in self.order[first:last] if (self.rows[row] == window).all()]


class ScaledRowIndex(RowIndex):
    """Finds `rows`, numbers (n, width), written as float32 or float64, times any number, plus any number."""

    def __init__(self, rows):
        super().__init__(scaled(rows))

    def find(self, content):
        """Return the numbers of those rows that are in `content`, at any offset."""
        width, found = self.rows.shape[1], set()
        for kind in FLOATS:
            for numbers in words_in(content, np.dtype(kind), width):
                windows = sliding_window_view(numbers, width)
                for part in np.array_split(windows, 1 + len(windows) // AT_ONCE):
                    shapes = scaled(part)
                    found |= self._find(shapes, window_hashes(shapes, width)[:, 0])
        return found


def scaled(rows):
    """Return `rows` (n, width) with 0 for their least and 997 for their largest value, uint16; rounded.

    Brightness and contrast are gone then. A row of equal numbers, or with a NaN or an infinity, is all 0.
    """
    with np.errstate(all="ignore"):  # bytes that are no numbers make any number
        least, most = rows.min(axis=1, keepdims=True), rows.max(axis=1, keepdims=True)
        levels = (rows - least) * (LEVELS / (most - least))
    return np.where(np.isfinite(levels), np.rint(levels), 0).astype(np.uint16)


def words_in(content, dtype, width):
    """Yield `content` as numbers of `dtype`, from every offset that leaves at least `width` of them."""
    for shift in range(dtype.itemsize):
        count = (len(content) - shift) // dtype.itemsize
        if count >= width:
            yield np.frombuffer(content, dtype, count, shift)


def window_hashes(words, width):
    """Return a hash modulo 2^64 of every window of `words`: (..., length) -> (..., length - width + 1).

    By doubling: hashes of windows of 1, 2, 4, ... words, and of these the ones that make up `width`.
    """
    windows = words.shape[-1] - width + 1
    total = np.zeros((*words.shape[:-1], windows), np.uint64)
    pieces, size, done = words.astype(np.uint64), 1, 0
    while done < width:
        if width & size:
            total = total * FACTOR + pieces[..., done : done + windows]
            done += size
        pieces = pieces[..., :-size] * (FACTOR + np.uint64(2 * size)) + pieces[..., size:]
        size *= 2
    return total
