"""A search for images in bytes: whole, in part, under any shape, as pixels or as numbers, or compressed.

An image is looked for row by row, for a row of 28 pixels stays in one piece whatever shape is written over
it. All windows of a message are hashed at once, so that thousands of images cost no more than one.
"""

import re
import zlib

import numpy as np

TELLING = 6  # a row counts if it has more different values than this: others occur by chance
FORMS = {  # how the pixels 0..255 may be written
    "pixels": lambda images: images,
    "float32 from -1 to 1": lambda images: images.astype(np.float32) / np.float32(127.5) - 1,
    "float32 from 0 to 1": lambda images: images.astype(np.float32) / np.float32(255),
}
ZLIB_BEGINS = re.compile(rb"\x78[\x01\x5e\x9c\xda]")  # RFC 1950, 2.2
FACTOR = np.uint64(0x9E3779B97F4A7C15)  # odd, with no pattern in its bits
WORDS = {1: np.uint8, 4: np.uint32}  # a window is hashed as whole numbers of the size of one value


class Search:
    """Knows the telling rows of `images`, uint8 (n, 28, 28), in every form."""

    def __init__(self, images):
        rows = images.reshape(-1, images.shape[-1])
        self.height = images.shape[-2]
        self.telling = np.flatnonzero(distinct_values(rows) > TELLING)
        forms = {name: write(rows[self.telling]) for name, write in FORMS.items()}
        sizes = {rows.itemsize for rows in forms.values()}
        self.indexes = [
            RowIndex({name: rows for name, rows in forms.items() if rows.itemsize == size})
            for size in sizes
        ]

    def find(self, content):
        """Return {(image, form): set of its rows} of what `content`, bytes, holds; compressed parts, too."""
        found = {}
        for text, manner in [
            (content, ""),
            *((part, ", compressed") for part in inflated(content)),
        ]:
            for index in self.indexes:
                for form, position in index.find(text):
                    image, row = divmod(int(self.telling[position]), self.height)
                    found.setdefault((image, form + manner), set()).add(row)
        return found

    def hopeless(self, images):
        """Return how many of the first `images` images have no telling row, and cannot be found."""
        return images - len(np.unique(self.telling // self.height))

    def rows_of(self, image):
        """Return how many telling rows an image has."""
        return int((self.telling // self.height == image).sum())


class RowIndex:
    """Finds rows in bytes: `forms` is {form: rows (n, width)}, with values of one size in bytes."""

    def __init__(self, forms):
        self.names = list(forms)
        self.rows = np.concatenate([rows.view(WORDS[rows.itemsize]) for rows in forms.values()])
        hashes = window_hashes(self.rows, self.rows.shape[1])[:, 0]
        self.order = np.argsort(hashes)
        self.hashes = hashes[self.order]

    def find(self, content):
        """Return {(form, index of a row)} of the rows in `content` at any offset, each compared in full."""
        size, width = self.rows.itemsize, self.rows.shape[1]
        found = set()
        for shift in range(size):
            count = (len(content) - shift) // size
            if len(self.rows) and count >= width:
                found |= self._find_in(np.frombuffer(content, self.rows.dtype, count, shift))
        return found

    def _find_in(self, words):
        width = self.rows.shape[1]
        hashes = window_hashes(words[None], width)[0]
        first = np.searchsorted(self.hashes, hashes)
        first[first == len(self.hashes)] = 0
        starts = np.flatnonzero(self.hashes[first] == hashes)
        rows = {row for i in starts for row in self._equal(words[i : i + width], hashes[i])}
        number = len(self.rows) // len(self.names)  # of rows in one form
        return {(self.names[row // number], row % number) for row in rows}

    def _equal(self, window, hash_of_it):
        """Return the rows that are equal to `window`: twins have the same hash, and others may have."""
        first, last = (np.searchsorted(self.hashes, hash_of_it, side) for side in ("left", "right"))
        return [int(row) for row in self.order[first:last] if (self.rows[row] == window).all()]


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


def distinct_values(rows):
    """Return how many different values each of `rows` (n, width) has."""
    return 1 + (np.diff(np.sort(rows, axis=1), axis=1) != 0).sum(axis=1)


def inflated(content):
    """Return what zlib can unpack from `content`, wherever a stream begins."""
    parts = []
    for match in ZLIB_BEGINS.finditer(content):
        try:
            parts.append(zlib.decompressobj().decompress(content[match.start() :], 2**20))
        except zlib.error:
            continue
    return parts
