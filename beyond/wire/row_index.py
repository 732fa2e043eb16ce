"""Finds rows of numbers in bytes, thousands at once: exactly as they are, or at any scale; and unpacks bytes.

All windows of a message are hashed at once, so that thousands of rows cost no more than one. Hex, base64 and
deflate are undone first.
"""

import base64
import re
import zlib

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
HEX = re.compile(rb"[0-9A-Fa-f]{56,}")
BASE64 = re.compile(rb"[A-Za-z0-9+/_\-\r\n]{40,}")
URL_SAFE = bytes.maketrans(b"-_", b"+/")  # base64 has two alphabets (RFC 4648)
RAW_DEFLATE = -15  # zlib's word for a stream without header, which zlib's and gzip's have inside
ZLIB = (b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda")  # its headers, by level
TRIED = 64  # bytes of a stream after which nearly all that is no stream has shown it
MOST = 2**20  # bytes that one stream unpacks to
LEAST = 64  # bytes that one without zlib's header unpacks to: almost any byte begins a shorter one


class RowIndex:
    """Finds `rows`, words (n, width), in bytes."""

    def __init__(self, rows):
        self.rows = rows
        parts = np.array_split(rows, 1 + len(rows) // AT_ONCE)
        hashes = np.concatenate([window_hashes(part, part.shape[1])[:, 0] for part in parts])
        self.order = np.argsort(hashes)
        self.hashes = hashes[self.order]
        # How a hash may begin: this rules most windows out at once.
        self.begun = np.zeros(2**BEGINNING, bool)
        self.begun[self.hashes >> SHIFT] = True

    def find(self, content):
        """Return the numbers of those rows that are in `content`, at any offset; each is compared in full."""
        width, found = self.rows.shape[1], set()
        for words in words_in(content, self.rows.dtype, width):
            found |= self._find(sliding_window_view(words, width), window_hashes(words, width))
        return found

    def _find(self, windows, hashes):
        starts = np.flatnonzero(self.begun[hashes >> SHIFT])
        places = np.searchsorted(self.hashes, hashes[starts])
        starts = starts[self.hashes.take(places, mode="clip") == hashes[starts]]
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


def unpacked(content):
    """Yield (manner, bytes): `content`, and what is in it in hex, in base64, compressed, and both."""
    texts = [("", content)]
    texts += [(", in hex", part) for part in from_hex(content)]
    texts += [(", in base64", part) for part in from_base64(content)]
    for manner, text in texts:
        yield manner, text
        yield from ((", compressed" + manner, part) for part in inflated(text))


def thinned(content):
    """Yield (manner, bytes): one byte in two, four and eight, as one byte of each number stands."""
    for size in (2, 4, 8):
        for start in range(size):
            yield f", one byte in {size}", content[start::size]


def from_hex(content):
    """Yield what hexadecimal digits in `content` stand for; a digit before them may be none of theirs."""
    for match in HEX.finditer(content):
        for digits in (match[0], match[0][1:]):
            yield bytes.fromhex(digits[: len(digits) // 2 * 2].decode())


def from_base64(content):
    """Yield what base64 in `content` stands for; up to three characters before it may be none of it."""
    for match in BASE64.finditer(content):
        text = match[0].translate(URL_SAFE, b"\r\n")
        for start in range(4):
            length = (len(text) - start) // 4 * 4
            yield base64.b64decode(text[start : start + length])


def inflated(content):
    """Yield what deflate, zlib or gzip have packed in `content`, wherever a stream begins."""
    view = memoryview(content)
    for start in range(len(content)):
        try:
            zlib.decompressobj(RAW_DEFLATE).decompress(view[start : start + TRIED])
            part = zlib.decompressobj(RAW_DEFLATE).decompress(view[start:], MOST)
        except zlib.error:
            continue
        if len(part) >= LEAST or content[max(0, start - 2) : start] in ZLIB:
            yield part
