"""Scene: the messages of one round between FedAvg, server.py and client.py."""

from diagrams import glyphs
from diagrams.shapes import Drawing

STRATEGY, SERVER, CLIENT = 116, 372, 628  # where the lifelines are
HEIGHT = 848
DESCRIPTION = (
    "A client joins and the server waits for the others. Then, every round: configure_fit, FitIns "
    "with the weights (PAYLOAD), training in fit(), FitRes with the trained weights (PAYLOAD) and "
    "num_examples, aggregate_fit, evaluate, a row in history.csv."
)
TRAINING = ("`fit()` on its partition:", "`set_parameters()`, `train()`,", "`get_weights()`")


def scene(palette, payload):
    """`payload` is the size of one set of weights in words, such as "262 KB"."""
    description = DESCRIPTION.replace("PAYLOAD", payload)
    drawing = Drawing("One round, message by message", description, HEIGHT, palette)
    _lifelines(drawing)
    _joining(drawing)
    _frame(drawing, 228, HEIGHT - 24)
    _down(drawing, payload)
    _training(drawing)
    _up(drawing, payload)
    _averaging(drawing)
    return drawing


def _lifelines(drawing):
    for x, name, role in (
        (STRATEGY, "Strategy", "`FedAvg`"),
        (SERVER, "`server.py`", "`start_server`"),
        (CLIENT, "`client.py`", "`FlowerClient`"),
    ):
        drawing.path(f"M{x} 84V{HEIGHT - 36}", "faint", 1.5)
        half = 92 if x == STRATEGY else 108
        drawing.box(x - half, 24, 2 * half, 60)
        drawing.text(x, 49, name, size=15, anchor="middle", bold=True)
        drawing.text(x, 71, role, "muted", 13, "middle")
    glyphs.server(drawing, SERVER - 92, 41)
    glyphs.person(drawing, CLIENT - 92, 42)


def _joining(drawing):
    drawing.arrow((CLIENT, 130), (SERVER, 130), color="muted")
    drawing.text((CLIENT + SERVER) / 2, 120, "joins: a gRPC stream opens", "ink", 14, "middle")
    _note(drawing, SERVER, 148, "waits for all ten")


def _frame(drawing, top, bottom):
    drawing.box(8, top, 744, bottom - top, fill=None, stroke="line")
    drawing.text(736, top + 24, "every round", "muted", 14, "end", bold=True)


def _down(drawing, payload):
    _call(drawing, 284, SERVER, STRATEGY, "`configure_fit`")
    _message(drawing, 340, SERVER, CLIENT, "`FitIns`", f"weights, {payload}", glyphs.GLOBAL_BARS)


def _training(drawing):
    top = 396
    drawing.box(CLIENT - 108, top, 216, 92, "data_tint", "data")
    for index, line in enumerate(TRAINING):
        drawing.text(CLIENT, top + 26 + 24 * index, line, "data", 13, "middle")


def _up(drawing, payload):
    trained = glyphs.CLIENT_BARS[0]
    _message(drawing, 544, CLIENT, SERVER, "`FitRes`", f"weights, {payload}", trained)
    drawing.text((CLIENT + SERVER) / 2, 598, "and `num_examples`", "weights", 14, "middle")


def _averaging(drawing):
    _call(drawing, 640, SERVER, STRATEGY, "`aggregate_fit`")
    _note(drawing, STRATEGY, 654, "weighted mean")
    _call(drawing, 728, SERVER, STRATEGY, "`evaluate`")
    _note(drawing, STRATEGY, 742, "`partitions/test.npz`")
    _note(drawing, SERVER, 768, "a row in `history.csv`")


def _call(drawing, y, start, end, name):
    drawing.arrow((start, y), (end, y), color="muted")
    drawing.text((start + end) / 2, y - 10, name, "ink", 14, "middle")


def _message(drawing, y, start, end, name, payload, bars):
    """An arrow over the network, with the weights it carries."""
    middle = (start + end) / 2
    drawing.arrow((start, y), (end, y))
    glyphs.weights(drawing, middle - 20, y - 16, bars)
    drawing.text(middle, y - 24, name, "ink", 14, "middle")
    drawing.text(middle, y + 34, payload, "weights", 14, "middle", bold=True)


def _note(drawing, x, top, line):
    drawing.box(x - 92, top, 184, 32, radius=8)
    drawing.text(x, top + 21, line, "ink", 13, "middle")
