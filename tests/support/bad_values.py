"""Words that no option of some kind may take, and what may have become of a file."""

import io

import pytest

# Of each kind those words that the next kind would take. All others are tried where the kinds are: in
# lesson/test_options.py and faults/test_addresses.py.
COUNT = ["0", "1.5"]
NATURAL = ["-1", "1.5"]
SECONDS = ["0", "1e300"]
ADDRESS = ["8080", "localhost:0"]
LISTEN = [*ADDRESS, "198.51.100.7:8080", "0.0.0.0:8080", "a..b:8080", "x" * 70 + ":8080"]
SEED = [*NATURAL, str(2**64)]
POSITIVE = ["0", "inf"]
FRACTION = ["0", "1.01"]
DECAY = ["-0.1", "1"]


def parameters(options_of):
    """Return a pytest parameter for every bad value of every option of every command."""
    return [
        pytest.param(command, option, value, id=f"{command} {option} {value[:20]}")
        for command, options in options_of.items()
        for option, values in options.items()
        for value in values
    ]


def flipped(content, bit):
    """Return `content` with one bit inverted."""
    content = bytearray(content)
    content[bit // 8] ^= 1 << bit % 8
    return bytes(content)


DAMAGES = {  # what has become of a file's content
    "empty": lambda content: b"",
    "cut in half": lambda content: content[: len(content) // 2],
    "a byte short": lambda content: content[:-1],
    "first bit flipped": lambda content: flipped(content, 0),
    "a bit in the middle flipped": lambda content: flipped(content, len(content) * 4),
    "last bit flipped": lambda content: flipped(content, len(content) * 8 - 1),
    "text": lambda content: b"image,label\n" * 100,
    "nothing but zeros": lambda content: bytes(len(content)),
}


def saved(save, *content, **options):
    """Return the bytes that save(file, ...) writes."""
    file = io.BytesIO()
    save(file, *content, **options)
    return file.getvalue()
