"""The pictures in our diagrams: images of digits, model weights, people, servers, databases.

An image is a hatched tile with a digit; weights are a tile with bars. Each glyph takes the
drawing and the top left corner of where it goes.
"""

import math

DIGITS = {  # one pen stroke each, on a tile of 32 x 32
    0: "M16 7c-5 0-7 4-7 9s2 9 7 9 7-4 7-9-2-9-7-9z",
    1: "M12 11l5-4v18",
    2: "M10 12c0-7 12-7 12 0 0 4-6 7-12 13h13",
    3: "M10 9c2-3 12-3 12 2 0 4-4 5-6 5 3 0 7 1 7 5 0 6-11 6-14 2",
    4: "M19 25v-18l-10 12h15",
    5: "M22 7h-10l-1 8c4-3 12-2 12 4 0 7-9 7-13 3",
    7: "M9 8h14l-8 17",
}
GLOBAL_BARS = (11, 13, 18, 8)  # heights of the bars that stand for the global model
CLIENT_BARS = {0: (18, 9, 15, 20), 1: (12, 16, 8, 18), 9: (15, 5, 13, 22)}
NEXT_BARS = tuple(sum(bars) / len(bars) for bars in zip(*CLIENT_BARS.values(), strict=True))


def image(drawing, x, y, digit, kind="data"):
    """One image of a digit, 32 x 32. `kind` is "data" (stays) or "warning" (leaves)."""
    drawing.box(x, y, 32, 32, fill=f"{kind}_tint", stroke=kind, radius=5)
    _hatch(drawing, x, y, 32, f"{kind}_hatch")
    place = f"translate({x} {y})"
    drawing.path(DIGITS[digit], f"{kind}_tint", 8, transform=place)
    drawing.path(DIGITS[digit], kind, 3.5, transform=place)


def images(drawing, x, y, digit, kind="data"):
    """A pile of images with one on top, 44 x 44."""
    for offset in (12, 6):
        drawing.box(x + offset, y + 12 - offset, 32, 32, f"{kind}_tint", stroke=kind, radius=5)
    image(drawing, x, y + 12, digit, kind)


def weights(drawing, x, y, bars=GLOBAL_BARS, active=True):
    """Model weights, 40 x 32. Inactive ones were there in an earlier step."""
    color, tint = ("weights", "weights_tint") if active else ("faint", "panel")
    drawing.box(x, y, 40, 32, fill=tint, stroke=color, radius=6)
    for index, height in enumerate(bars):
        drawing.box(x + 7 + 7 * index, y + 27 - height, 5, height, color, stroke=None, radius=1)


def person(drawing, x, y, color="muted"):
    """Head and shoulders, 22 x 24: the owner of images."""
    drawing.oval(x + 11, y + 6, 5.5, fill=color, stroke=None)
    shoulders = f"M{x} {y + 24}v-3a8 8 0 0 1 8-7h6a8 8 0 0 1 8 7v3z"
    drawing.path(shoulders, None, 0, fill=color)


def server(drawing, x, y, color="muted"):
    """Two rack units, 28 x 26."""
    for top in (y, y + 14):
        drawing.box(x, top, 28, 12, fill=None, stroke=color, radius=3, line_width=2)
        drawing.oval(x + 7, top + 6, 2, fill=color, stroke=None)
        drawing.path(f"M{x + 14} {top + 6}h8", color)


def database(drawing, x, y, width, height, color="line", fill="panel"):
    """A cylinder."""
    rim, half = 10, width / 2
    side = f"M{x} {y + rim}v{height - 2 * rim}a{half:g} {rim} 0 0 0 {width} 0v{2 * rim - height}"
    drawing.path(side, color, 1.5, fill)
    drawing.oval(x + half, y + rim, half, rim, fill, color)


def warning_sign(drawing, x, y):
    """A triangle with an exclamation mark, 22 x 20."""
    drawing.path(f"M{x + 11} {y + 1}l10 18h-20z", "warning")
    drawing.path(f"M{x + 11} {y + 8}v5M{x + 11} {y + 16}v0", "warning")


def check_mark(drawing, x, y):
    """A tick in a circle, 20 x 20."""
    drawing.oval(x + 10, y + 10, 9, fill=None, stroke="data", line_width=2)
    drawing.path(f"M{x + 6} {y + 10}l3 3 5-6", "data")


def loop(drawing, center_x, center_y, radius=29, color="weights"):
    """An almost closed circle with an arrow head: training goes round and round."""
    start, end = (_on_circle(center_x, center_y, radius, degrees) for degrees in (-60, 235))
    arc = f"A{radius} {radius} 0 1 1 {end[0]:.2f} {end[1]:.2f}"
    drawing.path(f"M{start[0]:.2f} {start[1]:.2f}{arc}", color)
    drawing.arrow((end[0] - 2, end[1] + 1.4), (end[0] + 7, end[1] - 4.5), color=color)


def _on_circle(center_x, center_y, radius, degrees):
    angle = math.radians(degrees)
    return center_x + radius * math.cos(angle), center_y + radius * math.sin(angle)


def _hatch(drawing, x, y, size, color, step=6):
    """Diagonal lines across a square tile, a little away from its border."""
    low, high = 2, size - 2
    lines = []
    for total in range(low + high - 24, low + high + 25, step):  # each line is x + y == total
        left, right = max(low, total - high), min(high, total - low)
        lines.append(f"M{x + left} {y + total - left}L{x + right} {y + total - right}")
    drawing.path("".join(lines), color, 1.5)
