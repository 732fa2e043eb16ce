"""Which images a wiretap has seen: those anybody could find, and those that only an accomplice finds.

`images` is {client: array (n, ...)}, `contents` what the ledger has (see byte_ledger.Ledger).
"""

from itertools import chain

from beyond.wire import low_bits


def names_of(images):
    """Return how each of `images` is called, in their order."""
    return [
        f"image {k} of client {number}" for number in images for k in range(len(images[number]))
    ]


def report_found(contents, images, search):
    """Look for `images`, which `search` knows, in all `contents`; print what is found, and what never is."""
    names = names_of(images)
    found = [
        f"FOUND {names[image]}, {rows} of its {telling} telling rows, as {form}:\n"
        f"      {direction}, round {server_round}, in {message}"
        for direction, server_round, message, content in contents
        for image, (form, rows, telling) in search.find(content).items()
    ]
    print("\n".join(found) or f"None of {len(names):,} images was seen.")
    report_hopeless(search)
    print("What hides in the low bits of weights is never seen.")


def report_hopeless(search):
    """Print how many images cannot be found: in one line if it is the same in all forms."""
    counts = {form: (number, search.written[form]) for form, number in search.hopeless().items()}
    if len(set(counts.values())) == 1 and search.number == next(iter(counts.values()))[1]:
        counts = {"": counts.popitem()[1]}
    for form, (number, total) in counts.items():
        manner = form and f" as {form}"
        print(f"{number:,} of {total:,} have no telling row{manner}, and cannot be found.")


def report_low_bits(contents, images):
    """Read the low bits of the last round's updates as an accomplice does; return them, [image (28, 28)].

    Prints which of `images` they are, bit by bit.
    """
    revealed = low_bits.revealed(contents)
    last = max(revealed, default=0)
    pictures = revealed.get(last, [])
    pairs = zip(names_of(images), chain(*images.values()), strict=True)
    names = {image.tobytes(): name for name, image in pairs}
    for picture in pictures:
        if name := names.get(picture.tobytes()):
            print(f"The low bits of an update of round {last} are {name}, exactly")
    return pictures
