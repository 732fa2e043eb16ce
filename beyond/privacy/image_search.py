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
WORDS = {1: np.uint8, 4: np.uint32}  # a window is hashed as whole numbers of the size of one value


class Search:
    """Knows the telling rows of `images`, uint8 (n, 28, 28), in every form."""

    def __init__(self, images):
        rows = images.reshape(-1, images.shape[-1])
        self.height = images.shape[-2]
        self.telling = np.flatnonzero(distinct_values(rows) > TELLING)
        self.indexes = {form: RowIndex(make(rows[self.telling])) for form, make in FORMS.items()}

    def find(self, content):
        """Return {(image, form): set of its rows} of what `content`, bytes, holds; compressed parts, too."""
        found = {}
        for text, manner in [
            (content, ""),
            *((part, ", compressed") for part in inflated(content)),
        ]:
            for form, index in self.indexes.items():
                for position in index.positions_in(text):
                    image, row = divmod(int(self.telling[position]), self.height)
                    found.setdefault((image, form + manner), set()).add(row)
        return found

    def rows_of(self, image):
        """Return how many telling rows an image has."""
        return int((self.telling // self.height == image).sum())


class RowIndex:
    """Finds any of `rows` (n, width), all of one dtype, in bytes."""

    def __init__(self, rows):
        self.rows = np.ascontiguousarray(rows)
        self.word = WORDS[rows.dtype.itemsize]
        self.factors = np.random.default_rng(0).integers(1, 2**63, rows.shape[1], dtype=np.uint64)
        hashes = self._hashes(self.rows.view(self.word))[:, 0]
        self.order = np.argsort(hashes)
        self.hashes = hashes[self.order]

    def positions_in(self, content):
        """Return the indices of the rows that occur in `content` at any offset, each checked byte by byte."""
        size, width = self.rows.dtype.itemsize, self.rows.shape[1]
        found = set()
        for shift in range(size):
            usable = (len(content) - shift) // size * size
            if len(self.hashes) == 0 or usable < width * size:
                continue
            words = np.frombuffer(content, self.word, usable // size, shift)
            for window, slot in zip(*self._hits(words), strict=True):
                start = shift + window * size
                found |= self._equal(slot, content[start : start + width * size])
        return found

    def _hits(self, words):
        """Return (windows, slots): where a hash of a window is a hash of ours, and its first slot."""
        hashes = self._hashes(words[None])[0]
        slots = np.searchsorted(self.hashes, hashes)
        slots[slots == len(self.hashes)] = 0
        windows = np.flatnonzero(self.hashes[slots] == hashes)
        return windows, slots[windows]

    def _hashes(self, words):
        """Return a hash of every window of `words` (..., length) -> (..., length - width + 1), modulo 2^64."""
        windows = words.shape[-1] - len(self.factors) + 1
        total = np.zeros((*words.shape[:-1], windows), np.uint64)
        for offset, factor in enumerate(self.factors):
            total += words[..., offset : offset + windows] * factor
        return total

    def _equal(self, slot, window):
        """Return the rows with the hash in `slot` whose bytes are those of `window`: twins, too."""
        last = np.searchsorted(self.hashes, self.hashes[slot], side="right")
        same = self.order[slot:last]
        return {int(row) for row in same if self.rows[row].tobytes() == window}


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
