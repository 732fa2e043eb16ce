"""A search for images in bytes: whole, in part, as pixels or as numbers at any scale, inverted, packed.

An image is looked for row by row, and column by column, because a row of 28 pixels stays in one piece
whatever shape is written over it. Images are examples of any shape and type: a row of a table is a row, and
so is a line of pixels with their colours. SEARCHED and NOT_SEARCHED say in words what is looked for.
"""

from collections import Counter, defaultdict

import numpy as np

from beyond.wire.row_index import RowIndex, ScaledRowIndex, thinned, unpacked
from model import to_tensors
from support.command_line import UserError

TELLING = 6  # a row counts if it has more different values than this: others occur by chance
# A window is hashed as whole numbers of the size of one value, in bytes; other values are cut into bytes.
WORDS = {1: np.uint8, 2: np.uint16, 4: np.uint32, 8: np.uint64}
BY_COLUMNS = ", by columns"
SEARCHED = """\
Looked for: rows and columns of images, also inverted; as pixels, also one byte in two, four or eight; as
      float32 or float64 at any scale; all of these in clear, in hex, in base64 and compressed by deflate."""
NOT_SEARCHED = """\
Not looked for: single bits of weights, what is added to weights, whole numbers such as num_examples, other
      codes and other ways to compress, parts of a row, images that were changed, anything encrypted."""


class Search:
    """Knows the telling rows of `images`, {client: array (n, ...)}, in every form.

    An image is known by its place among those of all clients. Raises UserError if model.py cannot take them.
    """

    def __init__(self, images):
        self.telling = Counter()  # how many telling rows an image has, by (image, form)
        self.written = Counter()  # how many images there are, by form
        rows_by_kind, self.owners = defaultdict(list), defaultdict(list)
        self.number = 0
        for client, own in images.items():
            for form, index, rows in forms_of(own, client):
                self.written[form] += len(own)
                examples, places = np.nonzero(is_telling(rows))
                kind = index, rows.dtype, rows.shape[-1]
                rows_by_kind[kind].append(rows[examples, places])
                owners = [(self.number + int(example), form) for example in examples]
                self.owners[kind] += owners
                self.telling.update(owners)
            self.number += len(own)
        self.indexes = {kind: kind[0](np.concatenate(rows)) for kind, rows in rows_by_kind.items()}

    def find(self, content):
        """Return {image: (form, how many of its rows, of how many)} of what `content`, bytes, holds.

        Packed parts, too. Of an image in several forms, the one that shows most of it counts.
        """
        found = defaultdict(set)
        for manner, text in unpacked(content):
            self._note(found, text, manner, self.indexes)
        bytewise = [kind for kind in self.indexes if kind[1].itemsize == 1]
        for manner, text in thinned(content):
            self._note(found, text, manner, bytewise)
        best = {}
        for (image, form, manner), rows in found.items():
            if image not in best or len(rows) > best[image][1]:
                best[image] = (form + manner, len(rows), self.telling[image, form])
        return best

    def _note(self, found, text, manner, kinds):
        """Add to `found`, {(image, form, manner): rows}, what the indexes of these `kinds` find in `text`."""
        for kind in kinds:
            for row in self.indexes[kind].find(text):
                found[*self.owners[kind][row], manner].add(row)

    def hopeless(self):
        """Return {"row" or "column": {form: (how many images have no telling one, of how many)}}."""
        tell, kinds = Counter(form for _, form in self.telling), defaultdict(dict)
        for form, number in self.written.items():
            kind = "column" if form.endswith(BY_COLUMNS) else "row"
            kinds[kind][form] = (number - tell[form], number)
        return kinds


def forms_of(images, client):
    """Yield (form, index, rows): how a client's `images` may be written, as words (n, rows, words of a row).

    `index` is the class that finds these rows.
    """
    written = "pixels" if images.dtype == np.uint8 else f"{images.dtype} as in the file"
    forms = [
        (written, RowIndex, images),
        ("numbers that the model takes", RowIndex, what_the_model_takes(images, client)),
    ]
    if images.dtype.kind == "u":
        inverted = np.iinfo(images.dtype).max - images
        forms.append((f"{written}, inverted", RowIndex, inverted))
        if images.ndim > 2:
            forms.append(("floats at some scale", ScaledRowIndex, images))
            forms.append(("floats at some scale, inverted", ScaledRowIndex, inverted))
    for form, index, examples in forms:
        yield form, index, as_rows(examples)
        if examples.ndim > 2 and min(examples.shape[-2:]) > 1:
            yield form + BY_COLUMNS, index, as_rows(examples.swapaxes(-1, -2))


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


def distinct_values(rows):
    """Return how many different values each of `rows` (..., width) has."""
    return 1 + (np.diff(np.sort(rows)) != 0).sum(axis=-1)
