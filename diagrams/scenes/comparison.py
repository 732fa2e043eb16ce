"""Scene: everybody's images in one place, beside images that stay where they are."""

from diagrams import glyphs
from diagrams.shapes import Drawing

HALF = 344  # width of each half
CLIENTS = ((0, 7), (1, 3), (9, 5))  # partition, and a digit to show
DESCRIPTION = (
    "Left: the images of every client are copied into one central database, where the model is "
    "trained. Right: images stay with the clients; only weights travel, down and up."
)
TOP_Y, TOP_HEIGHT = 88, 148
CLIENT_Y, CLIENT_HEIGHT, CLIENT_WIDTH = 332, 112, 104


def scene(palette):
    """Left: images travel. Right: weights travel."""
    drawing = Drawing("Centralized and federated training", DESCRIPTION, 516, palette)
    drawing.path("M380 28V492", "line", 1.5)
    _centralized(drawing, left=24)
    _federated(drawing, left=392)
    return drawing


def _centralized(drawing, left):
    _heading(drawing, left, "Centralized: the data travels", "Every image is copied to one place.")
    drawing.box(left, TOP_Y, HALF, TOP_HEIGHT, stroke="warning")
    glyphs.database(drawing, left + 20, TOP_Y + 14, 124, 74)
    for index, (_, digit) in enumerate(CLIENTS):
        glyphs.image(drawing, left + 28 + 38 * index, TOP_Y + 44, digit, "warning")
    _lines(drawing, left + 156, "Central server", "stores every image,", "trains on all of them")
    _verdict(drawing, left, "warning", "One breach exposes everyone")
    for center, partition, digit in _clients(drawing, left):
        way = (center, CLIENT_Y), (center, TOP_Y + TOP_HEIGHT)
        drawing.arrow(*way, color="warning", dashed=True)
        glyphs.image(drawing, center - 16, 268, digit, "warning")
        _client(drawing, center, partition, digit)
    glyphs.image(drawing, left, 464, 7, "warning")
    drawing.text(left + 44, 485, "an image: leaves its owner", "muted", 14)
    for center in (left + 112, left + 232):
        drawing.text(center, 280, "raw", "warning", 13, "middle")
        drawing.text(center, 296, "images", "warning", 13, "middle")


def _federated(drawing, left):
    _heading(drawing, left, "Federated: the weights travel", "Every image stays with its owner.")
    drawing.box(left, TOP_Y, HALF, TOP_HEIGHT)
    glyphs.server(drawing, left + 24, TOP_Y + 38)
    glyphs.weights(drawing, left + 84, TOP_Y + 35, glyphs.NEXT_BARS)
    _lines(drawing, left + 156, "Server", "averages weights,", "sees no client's image")
    _verdict(drawing, left, "data", "A breach finds only weights")
    for center, partition, digit in _clients(drawing, left):
        drawing.arrow((center - 28, TOP_Y + TOP_HEIGHT), (center - 28, CLIENT_Y))
        drawing.arrow((center + 28, CLIENT_Y), (center + 28, TOP_Y + TOP_HEIGHT))
        glyphs.weights(drawing, center - 48, 250)
        glyphs.weights(drawing, center + 8, 286, glyphs.CLIENT_BARS[partition])
        _client(drawing, center, partition, digit)
    glyphs.image(drawing, left, 464, 7)
    drawing.text(left + 44, 485, "an image: stays", "muted", 14)
    glyphs.weights(drawing, left + 176, 464)
    drawing.text(left + 228, 485, "weights: travel", "muted", 14)


def _heading(drawing, left, heading, line):
    drawing.text(left, 44, heading, size=19, bold=True)
    drawing.text(left, 68, line, "muted", 15)


def _lines(drawing, left, name, first, second):
    drawing.text(left, TOP_Y + 34, name, size=16, bold=True)
    drawing.text(left, TOP_Y + 56, first, "muted", 14)
    drawing.text(left, TOP_Y + 75, second, "muted", 14)


def _verdict(drawing, left, kind, line):
    drawing.box(left + 12, TOP_Y + 100, HALF - 24, 36, f"{kind}_tint", stroke=None, radius=8)
    sign = glyphs.warning_sign if kind == "warning" else glyphs.check_mark
    sign(drawing, left + 24, TOP_Y + 108)
    drawing.text(left + 56, TOP_Y + 123, line, kind, 15, bold=True)


def _clients(drawing, left):
    """The centre line, partition and digit of each client in one half."""
    for index, (partition, digit) in enumerate(CLIENTS):
        yield left + 52 + 120 * index, partition, digit


def _client(drawing, center, partition, digit):
    drawing.box(center - 52, CLIENT_Y, CLIENT_WIDTH, CLIENT_HEIGHT)
    glyphs.person(drawing, center - 38, CLIENT_Y + 34)
    glyphs.images(drawing, center - 6, CLIENT_Y + 18, digit)
    drawing.text(center, CLIENT_Y + 94, f"client {partition}", size=14, anchor="middle")
    if partition == CLIENTS[-1][0]:
        drawing.text(center - 60, CLIENT_Y + 60, "\u2026", "muted", 16, "middle")
