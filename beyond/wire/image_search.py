"""A search for images in bytes: whole, in part, under any shape, as pixels or as numbers, or compressed.

An image is looked for row by row, for a row of 28 pixels stays in one piece whatever shape is written over
it. All windows of a message are hashed at once, so that thousands of images cost no more than one. Images are
examples of any shape and type: a row of a table is a row, and so is a line of pixels with their colours.
"""

import re
import zlib
from collections import Counter, defaultdict

import numpy as np

from model import to_tensors
from support.command_line import UserError

TELLING = 6  # a row counts if it has more different values than this: others occur by chance
ZLIB_BEGINS = re.compile(rb"\x78[\x01\x5e\x9c\xda]")  # RFC 1950, 2.2
FACTOR = np.uint64(0x9E3779B97F4A7C15)  # odd, with no pattern in its bits
# A window is hashed as whole numbers of the size of one value, in bytes; other values are cut into bytes.
WORDS = {1: np.uint8, 2: np.uint16, 4: np.uint32, 8: np.uint64}
AT_ONCE = (
    10_000  # rows that are hashed at a time, for the hashes of each step take eight bytes a value
)


class Search:
    """Knows the telling rows of `images`, {client: array (n, ...)}, in every form.

    An image is known by its place among those of all clients. Raises UserError if model.py cannot take them.
    """

    def __init__(self, images):
        self.telling = Counter()  # how many telling rows an image has, by (image, form)
        self.written = Counter()  # how many images there are, by form
        rows_by_size, owners_by_size = defaultdict(list), defaultdict(list)
        first = 0
        for client, own in images.items():
            for form, rows in forms_of(own, client).items():
                self.written[form] += len(own)
                examples, places = np.nonzero(is_telling(rows))
                size = rows.dtype, rows.shape[-1]
                rows_by_size[size].append(rows[examples, places])
                owners = [(first + int(example), form) for example in examples]
                owners_by_size[size] += owners
                self.telling.update(owners)
            first += len(own)
        self.number = first
        self.indexes = [
            (RowIndex(np.concatenate(rows)), owners_by_size[size])
            for size, rows in rows_by_size.items()
        ]

    def find(self, content):
        """Return {image: (form, how many of its rows, of how many)} of what `content`, bytes, holds.

        Compressed parts, too. Of an image in several forms, the one that shows most of it counts.
        """
        found = defaultdict(set)
        for text, manner in [
            (content, ""),
            *((part, ", compressed") for part in inflated(content)),
        ]:
            for index, owners in self.indexes:
                for row in index.find(text):
                    found[*owners[row], manner].add(row)
        best = {}
        for (image, form, manner), rows in found.items():
            if image not in best or len(rows) > best[image][1]:
                best[image] = (form + manner, len(rows), self.telling[image, form])
        return best

    def hopeless(self):
        """Return {form: how many images have no telling row in it, and cannot be found}."""
        tell = Counter(form for _, form in self.telling)
        return {form: number - tell[form] for form, number in self.written.items()}


def forms_of(images, client):
    """Return {form: rows}: how a client's `images` may be written, in words (n, rows, words of a row)."""
    forms = [("pixels" if images.dtype == np.uint8 else f"{images.dtype} as in the file", images)]
    if images.dtype.kind == "u":
        most = np.float32(np.iinfo(images.dtype).max)
        numbers = images.astype(np.float32)
        forms.append(("float32 from -1 to 1", numbers / (most / 2) - 1))
        forms.append(("float32 from 0 to 1", numbers / most))
    forms.append(("numbers that the model takes", what_the_model_takes(images, client)))
    distinct = {}
    for name, examples in forms:
        rows = as_rows(examples)
        if not any(
            rows.dtype == other.dtype and np.array_equal(rows, other) for other in distinct.values()
        ):
            distinct[name] = rows
    return distinct


def what_the_model_takes(images, client):
    """Return what model.py makes of a client's `images`."""
    try:
        return to_tensors(images, np.zeros(len(images), np.int64))[0].numpy(force=True)
    except Exception as error:  # a reader's own code may raise anything
        reason = " ".join(str(error).split()).rstrip(".")
        raise UserError(
            f"to_tensors in model.py does not take the images of client {client}: {reason}; make it fit the "
            "data (README: Your own model, your own data)"
        ) from None


def as_rows(examples):
    """Return `examples` (n, ...) as words (n, rows, words of a row).

    A row is what the last axis holds; with the axis before it, where that would be too little to tell.
    """
    width, axis = examples.shape[-1], examples.ndim - 2
    while width <= TELLING and axis > 0:
        width, axis = width * examples.shape[axis], axis - 1
    rows = np.ascontiguousarray(examples).reshape(len(examples), -1, width)
    return rows.view(WORDS.get(rows.itemsize, np.uint8))


def is_telling(rows):
    """Return which of `rows`, words (n, rows, words of a row), count: a boolean array (n, rows).

    What an image shares with others does not tell; but a row that is all there is of an example, as in
    tables, has only to be too long to occur by chance.
    """
    least = TELLING if rows.shape[1] > 1 else max(1, TELLING // rows.itemsize)
    return distinct_values(rows) > least


class RowIndex:
    """Finds `rows`, words (n, width), in bytes."""

    def __init__(self, rows):
        self.rows = rows
        parts = np.array_split(rows, 1 + len(rows) // AT_ONCE)
        hashes = np.concatenate([window_hashes(part, part.shape[1])[:, 0] for part in parts])
        self.order = np.argsort(hashes)
        self.hashes = hashes[self.order]

    def find(self, content):
        """Return the numbers of those rows that are in `content`, at any offset; each is compared in full."""
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
        return {row for i in starts for row in self._equal(words[i : i + width], hashes[i])}

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
    """Return how many different values each of `rows` (..., width) has."""
    return 1 + (np.diff(np.sort(rows)) != 0).sum(axis=-1)


def inflated(content):
    """Return what zlib can unpack from `content`, wherever a stream begins."""
    parts = []
    for match in ZLIB_BEGINS.finditer(content):
        try:
            parts.append(zlib.decompressobj().decompress(content[match.start() :], 2**20))
        except zlib.error:
            continue
    return parts
