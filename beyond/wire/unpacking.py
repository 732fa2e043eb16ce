"""What bytes hold when they are unpacked: hex, base64 and deflate undone; and every nth of them."""

import base64
import re
import zlib

HEX = re.compile(rb"[0-9A-Fa-f]{56,}")
BASE64 = re.compile(rb"[A-Za-z0-9+/_\-\r\n]{40,}")
URL_SAFE = bytes.maketrans(b"-_", b"+/")  # base64 has two alphabets (RFC 4648)
RAW_DEFLATE = -15  # zlib's word for a stream without header, which zlib's and gzip's have inside
TRIED = 64  # bytes of a stream after which nearly all that is no stream has shown it
LEAST, MOST = 64, 2**20  # bytes that one stream unpacks to; almost any byte begins a shorter one


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
        if len(part) >= LEAST:
            yield part
