"""Scene: which process reads and writes which file, and the one port between them."""

from diagrams import glyphs
from diagrams.shapes import Drawing

DESCRIPTION = (
    "partition.py splits data/MNIST/raw into partitions/test.npz and one file a client. Ten "
    "client.py processes read one file each and connect to server.py on 127.0.0.1:8080. "
    "server.py reads partitions/test.npz and writes results/fedavg, from which plot_accuracy.py "
    "draws accuracy.png."
)
CLIENTS = ((0, 2, 208), (1, 3, 404), (9, 11, 648))  # partition, terminal, centre line
SERVER = (120, 72, 340, 168)  # left, top, width, height
RESULTS_X, RESULTS_WIDTH = 516, 220
BUS_Y, CLIENT_Y, FILES_Y, MAKER_Y = 332, 364, 528, 660


def scene(palette):
    """From the bottom up: MNIST, partition.py, its files, the clients, the server, its results."""
    drawing = Drawing("Files, processes and ports", DESCRIPTION, 760, palette)
    drawing.text(24, 44, "Eleven processes, one port, a file for each", size=19, bold=True)
    _partitions(drawing)
    _maker(drawing)
    _server(drawing)
    _results(drawing)
    _network(drawing)
    for partition, terminal, center in CLIENTS:
        _client(drawing, partition, terminal, center)
    drawing.text(526, CLIENT_Y + 62, "\u2026", "muted", 24, "middle")
    return drawing


def _terminal(drawing, left, top, width, height, *commands):
    """A window whose title bar shows the command that runs in it."""
    bar = 12 + 20 * len(commands)
    drawing.box(left, top, width, height)
    drawing.path(f"M{left} {top + bar}h{width}", "line", 1.5)
    for index, command in enumerate(commands):
        drawing.text(left + 12, top + 21 + 20 * index, f"`{command}`", size=13, bold=True)


def _server(drawing):
    left, top, width, height = SERVER
    _terminal(drawing, left, top, width, height, "python server.py")
    drawing.text(left + width - 12, top + 21, "terminal 1", "muted", 13, "end")
    glyphs.server(drawing, left + 38, top + 50)
    drawing.text(left + 84, top + 58, "Server", size=15, bold=True)
    drawing.text(left + 84, top + 78, "`start_server`", "muted", 13)
    drawing.text(left + width - 20, top + 58, "listens on", "muted", 13, "end")
    drawing.text(left + width - 20, top + 78, "`127.0.0.1:8080`", "ink", 13, "end", bold=True)
    drawing.box(left + 16, top + 96, width - 32, 56, "weights_tint", "weights", radius=8)
    drawing.text(left + 84, top + 119, "Strategy", "weights", 15, bold=True)
    drawing.text(left + 84, top + 140, "`FedAvg`", "weights", 13)
    glyphs.weights(drawing, left + 32, top + 108, glyphs.NEXT_BARS)


def _results(drawing):
    """What server.py writes, and what plot_accuracy.py makes of it."""
    left, top, width = RESULTS_X, SERVER[1], RESULTS_WIDTH
    drawing.arrow((SERVER[0] + SERVER[2], 124), (left, 124), color="muted")
    drawing.box(left, top, width, 104)
    drawing.text(left + 16, top + 26, "`results/fedavg/`", size=13, bold=True)
    for index, file in enumerate(("history.csv", "run.json", "global_model.npz")):
        drawing.text(left + 16, top + 50 + 20 * index, f"`{file}`", "muted", 13)
    drawing.arrow((left + 40, top + 104), (left + 40, 204), color="muted")
    drawing.text(left + 56, 195, "reads `history.csv`", "muted", 13)
    drawing.box(left, 204, width, 36)
    drawing.text(left + 12, 227, "`python plot_accuracy.py`", "ink", 13, bold=True)
    drawing.arrow((left + 40, 240), (left + 40, 268), color="muted")
    drawing.box(left, 268, 128, 36, radius=8)
    drawing.text(left + 16, 290, "`accuracy.png`", "muted", 13)


def _network(drawing):
    """One trunk to the server's port, and a branch to every client."""
    trunk = SERVER[0] + SERVER[2] // 2
    for _, _, center in CLIENTS:
        drawing.arrow((trunk, BUS_Y), (center, BUS_Y), (center, CLIENT_Y))
    drawing.arrow((trunk, BUS_Y), (trunk, SERVER[1] + SERVER[3]))
    glyphs.weights(drawing, trunk - 20, 272)
    drawing.text(trunk + 36, 284, "weights, down and up,", "weights", 14)
    drawing.text(trunk + 36, 303, "once a round", "weights", 14)


def _client(drawing, partition, terminal, center):
    command = ("python client.py", f"--partition-id {partition}")
    _terminal(drawing, center - 88, CLIENT_Y, 176, 108, *command)
    drawing.text(center - 76, CLIENT_Y + 74, "Client", size=15, bold=True)
    drawing.text(center - 76, CLIENT_Y + 94, "`FlowerClient`", "muted", 13)
    drawing.text(center + 76, CLIENT_Y + 74, f"terminal {terminal}", "muted", 13, "end")
    drawing.arrow((center, FILES_Y + 16), (center, CLIENT_Y + 108), color="data")


def _partitions(drawing):
    """The folder, and the way of test.npz to the server."""
    drawing.box(24, FILES_Y, 712, 92, "ground")
    drawing.text(36, FILES_Y + 78, "`partitions/`", size=13, bold=True)
    drawing.text(144, FILES_Y + 78, "every process reads its own file and no other", "muted", 13)
    drawing.arrow((80, FILES_Y + 16), (80, 156), (SERVER[0], 156), color="data")
    files = (("test", 80), *((f"client_{partition}", center) for partition, _, center in CLIENTS))
    drawing.text(526, FILES_Y + 36, "\u2026", "muted", 24, "middle")
    for name, center in files:
        half = 44 if name == "test" else 60
        drawing.box(center - half, FILES_Y + 16, 2 * half, 36, "data_tint", "data", radius=8)
        drawing.text(center, FILES_Y + 39, f"`{name}.npz`", "data", 13, "middle")


def _maker(drawing):
    drawing.box(24, MAKER_Y, 148, 76, "data_tint", "data")
    for left, digit in ((42, 2), (82, 0), (122, 4)):
        glyphs.image(drawing, left, MAKER_Y + 10, digit)
    drawing.text(98, MAKER_Y + 62, "`data/MNIST/raw`", "data", 13, "middle")
    _terminal(drawing, 216, MAKER_Y, 520, 76, "python partition.py")
    line = "training images to the clients, test images to the server"
    drawing.text(228, MAKER_Y + 59, line, "muted", 14)
    drawing.arrow((172, MAKER_Y + 38), (216, MAKER_Y + 38), color="data")
    drawing.arrow((404, MAKER_Y), (404, FILES_Y + 92), color="data")
