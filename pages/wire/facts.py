"""The bytes on the wire, read from what the wiretap has printed."""

import re

from pages.page import Page

PAGE = Page("wire")
KINDS = ("weights", "fields", "framing", "transport", "unexplained", "all")
FREE_FRAMING = (
    "some tens of bits: the order of fields, of bytes, and of an array's axes; all else is checked"
)


def wire_rows(name="wiretap"):
    """Return {(direction, round): {kind: bytes}} of a recorded wiretap."""
    found = re.findall(r"^(to the \w+) +(\d+)((?: +[\d,]+){6})$", PAGE.screen(name), re.MULTILINE)
    return {
        (direction, int(number)): dict(
            zip(KINDS, (int(cell.replace(",", "")) for cell in cells.split()), strict=True)
        )
        for direction, number, cells in found
    }


def figures():
    """Return what sentences quote about the wire, as text."""
    rows = wire_rows()
    answers = rows["to the server", 2]  # of three clients
    message = sum(answers[kind] for kind in ("weights", "fields", "framing")) // 3
    everything = sum(row["all"] for row in rows.values())
    weights = sum(row["weights"] for row in rows.values())
    honest = answers["fields"] // 3
    known = {
        "fit_res": f"{message:,}",
        "fit_res_weights": f"{answers['weights'] // 3:,}",
        "fit_res_fields": f"{answers['fields'] // 3:,}",
        "fit_res_framing": f"{answers['framing'] // 3:,}",
        "wire_weights": f"{100 * weights / everything:.1f} %",
        "fields_honest": f"{honest:,}",
        "fields_ten": f"{10 * honest:,}",
    }
    return known | smuggling_figures() | room_figures()


def bytes_elsewhere():
    """Return in how many bytes of a client outside of weights something could hide, in a whole run."""
    found = re.search(r"at most ([\d,]+) bytes elsewhere", PAGE.screen("wiretap"))
    return int(found[1].replace(",", "")) // 3  # of three clients


def smuggling_figures():
    """Return what sentences quote about the smugglers, as text."""
    screen = PAGE.screen("smugglers")
    return {
        "fields_smuggling": f"{wire_rows('smugglers')['to the server', 1]['fields']:,}",
        "shared_image": re.search(r"FOUND (image [1-9]\d* of client \d)", screen)[1],
    }


def room_rows():
    """Return [(random bits a weight, images that they hold, accuracy in percent)], as recorded."""
    found = re.findall(r"^ +(\d+) +[\d,]+ +([\d.]+) +([\d.]+) %$", PAGE.screen("room"), re.M)
    return [(int(bits), float(images), float(accuracy)) for bits, images, accuracy in found]


def room_figures():
    """Return what sentences quote about the most bits that cost less than 0.1 points of accuracy, as text."""
    (_, _, before), *_ = rows = room_rows()
    bits, images, after = [row for row in rows if before - row[2] < 0.1][-1]
    return {
        "elsewhere_each": str(bytes_elsewhere()),
        "room_bits": str(bits),
        "room_images": f"{images:.0f}",
        "room_before": f"{before:.2f} %",
        "room_after": f"{after:.2f} %",
    }


def room_by_field():
    """Return the rows of a table: what a client's answer consists of, and how much of it is free."""
    answers = wire_rows()["to the server", 2]
    free = {
        "weights": ("weights", "{bits} bits: see below"),
        "framing": ("NumPy's and protobuf's framing", FREE_FRAMING),
        "fields": (
            "other fields (a status, `num_examples`)",
            "at most {bits} bits; an honest client chooses none",
        ),
        "transport": ("gRPC and HTTP/2", "at most {bits} bits, such as what a ping carries"),
        "unexplained": ("unexplained", "{bits}"),
    }
    sizes = {kind: answers[kind] // 3 for kind in free}  # of three clients
    return [
        [name, f"{sizes[kind]:,}", text.format(bits=f"{8 * sizes[kind]:,}")]
        for kind, (name, text) in free.items()
    ]
