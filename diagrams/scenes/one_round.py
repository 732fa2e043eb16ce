"""Scene: one federated round in four steps. Each step adds to what the one before it drew."""

from diagrams import glyphs
from diagrams.shapes import Drawing

STEPS = (
    ("The server sends the global model", "Every client starts the round with the same weights."),
    ("Each client trains on its own data", "Nothing travels while the clients train."),
    ("Only weights come back", "Each client says how many images stand behind its weights."),
    ("The server averages", "More images, more say. Then the next round begins."),
)
SENTENCES = (
    "The server sends the weights of the global model to client_0, client_1 and all the others.",
    "Each client trains these weights on the images in its own partition file.",
    "Each client sends its trained weights and its number of images back.",
    "The server averages them into a new global model and starts the next round.",
)
CLIENTS = ((0, 128, 7), (1, 360, 3), (9, 632, 5))  # partition, centre line, a digit to show
SERVER_Y, SERVER_HEIGHT = 104, 124
CLIENT_Y, CLIENT_HEIGHT, CLIENT_WIDTH = 344, 148, 208


def scene(palette, step):
    """The round up to and including `step`, from 1 to 4, with that step highlighted."""
    heading, line = STEPS[step - 1]
    title = f"A federated round, step {step}: {heading}"
    drawing = Drawing(title, " ".join(SENTENCES[:step]), 568, palette)
    drawing.text(24, 48, heading, size=20, bold=True)
    drawing.text(24, 74, line, "muted", 15)
    _stepper(drawing, step)
    _server(drawing, step)
    for partition, center, digit in CLIENTS:
        _client(drawing, partition, center, digit, step)
        _traffic(drawing, partition, center, step)
    drawing.text(496, CLIENT_Y + 78, "\u2026", "muted", 24, "middle")
    _legend(drawing)
    return drawing


def _stepper(drawing, step):
    """Four numbered circles; the last step adds the way back to the first."""
    centers = [579, 627, 675, 723]
    drawing.path(f"M{centers[0]} 42H{centers[-1]}", "line")
    for number, center in enumerate(centers, start=1):
        now = number == step
        fill, stroke = ("weights", "weights") if now else ("panel", "line")
        drawing.box(center - 13, 29, 26, 26, fill, stroke, radius=13)
        color = "ground" if now else "muted"
        drawing.text(center, 47, str(number), color, 14, "middle", bold=now)
    if step == 4:
        drawing.arrow((723, 56), (723, 72), (579, 72), (579, 56))
        drawing.text(651, 91, "next round", "weights", 14, "middle", bold=True)


def _server(drawing, step):
    drawing.box(24, SERVER_Y, 712, SERVER_HEIGHT)
    glyphs.server(drawing, 48, SERVER_Y + 30)
    drawing.text(88, SERVER_Y + 49, "Server", size=16, bold=True)
    drawing.text(48, SERVER_Y + 92, "`server.py`", "muted", 14)
    averaged = step == 4
    bars = glyphs.NEXT_BARS if averaged else glyphs.GLOBAL_BARS
    glyphs.weights(drawing, 412, SERVER_Y + 34, bars, active=step in (1, 4))
    label, color = ("new global model", "weights") if averaged else ("global model", "ink")
    drawing.text(432, SERVER_Y + 92, label, color, 14, "middle", bold=averaged)
    glyphs.images(drawing, 620, SERVER_Y + 22, 4)
    drawing.text(640, SERVER_Y + 92, "`partitions/test.npz`", "muted", 13, "middle")
    if averaged:
        _average(drawing)


def _average(drawing):
    drawing.box(176, SERVER_Y + 24, 168, 76, "weights_tint", "weights", line_width=2)
    drawing.text(260, SERVER_Y + 56, "weighted mean", "weights", 16, "middle", bold=True)
    drawing.text(260, SERVER_Y + 80, "`FedAvg`", "weights", 14, "middle")
    drawing.arrow((344, SERVER_Y + 50), (410, SERVER_Y + 50))
    drawing.arrow((612, SERVER_Y + 50), (456, SERVER_Y + 50), color="data")
    drawing.text(536, SERVER_Y + 40, "evaluate", "data", 14, "middle")


def _client(drawing, partition, center, digit, step):
    left = center - CLIENT_WIDTH // 2
    drawing.box(left, CLIENT_Y, CLIENT_WIDTH, CLIENT_HEIGHT)
    glyphs.person(drawing, left + 16, CLIENT_Y + 14)
    drawing.text(left + 48, CLIENT_Y + 32, f"`client_{partition}`", size=15, bold=True)
    glyphs.images(drawing, left + 18, CLIENT_Y + 58, digit)
    file = f"`partitions/client_{partition}.npz`"
    drawing.text(center, CLIENT_Y + 134, file, "muted", 13, "middle")
    if step >= 2:
        _training(drawing, partition, left, active=step == 2)


def _training(drawing, partition, left, active):
    """Images feed the model; the model goes round the loop."""
    middle = CLIENT_Y + 82
    drawing.arrow((left + 70, middle), (left + 124, middle), color="data" if active else "faint")
    drawing.text(left + 94, middle - 12, "train", "data" if active else "muted", 14, "middle")
    bars = glyphs.CLIENT_BARS[partition]
    glyphs.weights(drawing, left + 140, middle - 16, bars, active)
    glyphs.loop(drawing, left + 160, middle, color="weights" if active else "faint")


def _traffic(drawing, partition, center, step):
    """Down goes the global model, and in step 3 up come the client's weights."""
    top, down, up = SERVER_Y + SERVER_HEIGHT, center - 76, center + 76
    sent = step == 1
    drawing.arrow((down, top), (down, CLIENT_Y), color="weights" if sent else "faint")
    glyphs.weights(drawing, down - 20, top + 20, active=sent)
    drawing.text(down + 30, top + 40, "weights", "weights" if sent else "muted", 14)
    if step >= 3:
        back = step == 3
        color = "weights" if back else "muted"
        drawing.arrow((up, CLIENT_Y), (up, top), color="weights" if back else "faint")
        glyphs.weights(drawing, up - 20, top + 64, glyphs.CLIENT_BARS[partition], active=back)
        drawing.text(up - 30, top + 76, "weights,", color, 14, "end")
        drawing.text(up - 30, top + 95, "`num_examples`", color, 13, "end")


def _legend(drawing):
    glyphs.image(drawing, 24, 516, 7)
    drawing.text(68, 537, "an image: stays where it is", "muted", 14)
    glyphs.weights(drawing, 288, 516)
    drawing.text(340, 537, "weights of a model: travel", "muted", 14)
