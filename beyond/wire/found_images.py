"""Which images a wiretap has seen: those anybody could find, and those that only an accomplice finds.

`images` is {client: array (n, ...)}, `contents` what the ledger has (see byte_ledger.Ledger).
"""

import io
from contextlib import suppress
from itertools import chain

import numpy as np
from flwr.proto.transport_pb2 import ClientMessage

from beyond.wire.hidden_image import reveal
from beyond.wire.image_search import NOT_SEARCHED, SEARCHED


def names_of(images):
    """Return how each of `images` is called, in their order."""
    return [
        f"image {k} of client {number}" for number in images for k in range(len(images[number]))
    ]


def report_found(contents, images, search):
    """Look for `images`, which `search` knows, in all `contents`; print what is found, and what cannot be."""
    names = names_of(images)
    seen = {content: search.find(content) for content in {content for *_, content in contents}}
    found = [
        f"FOUND {names[image]}, {rows} of its {telling} telling rows, as {form}:\n"
        f"      {direction}, round {server_round}, in {message}"
        for direction, server_round, message, content in contents
        for image, (form, rows, telling) in seen[content].items()
    ]
    print("\n".join(found) or f"None of {len(names):,} images was seen.")
    for kind, counts in search.hopeless().items():
        report_hopeless(kind, counts, len(names))
    print(f"{SEARCHED}\n{NOT_SEARCHED}")


def report_hopeless(kind, counts, images):
    """Print how many of `images` have no telling `kind`, row or column: in one line if all forms agree.

    `counts` is {form: (how many, of how many)}.
    """
    if len(set(counts.values())) == 1 and images == next(iter(counts.values()))[1]:
        counts = {"": counts.popitem()[1]}
    for form, (number, total) in counts.items():
        manner = form and f" as {form}"
        print(
            f"{number:,} of {total:,} have no telling {kind}{manner}, and cannot be found by {kind}s."
        )


def report_low_bits(contents, images):
    """Read the low bits of the last round's updates as an accomplice does; return them, [image (28, 28)].

    Prints which of `images` they are, bit by bit.
    """
    revealed = revealed_images(contents)
    last = max(revealed, default=0)
    pictures = revealed.get(last, [])
    pairs = zip(names_of(images), chain(*images.values()), strict=True)
    names = {image.tobytes(): name for name, image in pairs}
    for picture in pictures:
        if name := names.get(picture.tobytes()):
            print(f"The low bits of an update of round {last} are {name}, exactly")
    return pictures


def revealed_images(contents):
    """Return {round: [uint8 image (28, 28)]}: the low bits of all updates in the ledger's `contents`."""
    found = {}
    for _, server_round, name, content in contents:
        if name == "fit_res":
            tensors = ClientMessage.FromString(content).fit_res.parameters.tensors
            with suppress(ValueError, OSError):  # another network, or no arrays at all
                weights = [np.load(io.BytesIO(tensor), allow_pickle=False) for tensor in tensors]
                found.setdefault(server_round, []).append(reveal(weights))
    return found
