"""What the server sees of one client with secure aggregation, and what it would see without.

    python -m beyond.secure_aggregation.federation --scheme shards --learning-rate 0.01 --rounds 1 \\
        --curious --run results/seen
    python -m beyond.secure_aggregation.view                 # -> results/seen/held.png

beyond/attacks reads off an update which digits its client owns. Here it reads both: the updates, made
again by the lesson's client from the partitions, and what the server held.
"""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import torch
from flwr.common import Code, FitRes, Status, ndarrays_to_parameters
from flwr.common.serde import recorddict_to_proto
from flwr.compat.common.recorddict_compat import fitres_to_recorddict

from beyond.attacks.leakage import FC2_WEIGHT, owned_digits
from beyond.attacks.updates import fresh_weights, update_of
from beyond.secure_aggregation.curious import BYTES, COLUMNS, read_held
from beyond.secure_aggregation.shares import CLIPPING, MODULUS, STEP
from server import training_instructions
from support.command_line import Options, UserError, parse_options, run_command
from support.figures import new_figure, save_figure
from support.partitions import PARTITIONS, load_partition
from support.run_settings import read_state
from support.tables import read_table


def as_update(integers, sent, part):
    """Return what `integers` would be as an update, were there no masks; a list of arrays.

    `sent` are the weights that the client was sent, `part` is its number of images as a part of the most that
    are allowed. Integers count modulo 2**32, so a difference can be below zero.
    """
    update = []
    for array, weights in zip(integers, sent, strict=True):
        unchanged = (weights * part + CLIPPING) / STEP
        change = np.mod(array - unchanged + MODULUS / 2, MODULUS) - MODULUS / 2
        update.append(change * STEP / part)
    return update


class Seen:
    """A client of round 1: its update, and what the server takes for that. Both are lists of arrays.

    `counts` says how many images of each digit the client owns, ints (10,).
    """

    def __init__(self, number, held, sent, settings):
        images, labels = load_partition(PARTITIONS / f"client_{number}.npz")
        config = training_instructions(settings)(server_round=1)
        self.counts = np.bincount(labels, minlength=10)
        self.update = update_of(sent, images, labels, number, **config)
        part = len(labels) / settings.max_examples_per_client  # told to the server in the clear
        self.masked = as_update(held[1:], sent, part)

    def correlation(self):
        """Return how much the masked update tells of the true one: Pearson's r over all weights."""
        flat = [
            np.concatenate([a.ravel() for a in arrays]) for arrays in (self.update, self.masked)
        ]
        return float(np.corrcoef(*flat)[0, 1])


def look(run):
    """Return [Seen, ...] of all clients in the directory of a curious run. Raises UserError if it is none."""
    settings, _, _ = read_state(run)
    try:
        held = read_held(run)
    except FileNotFoundError:
        raise UserError(
            f"{run} has no held.npz; make it with beyond.secure_aggregation.federation --curious"
        ) from None
    sent = fresh_weights(settings["seed"])
    return [
        Seen(number, arrays, sent, SimpleNamespace(**settings)) for number, arrays in held.items()
    ]


def plain_upload(seen):
    """Return the bytes of a reply that carries a client's weights with no masks."""
    result = FitRes(Status(Code.OK, ""), ndarrays_to_parameters(seen.update), 6000, {})
    return recorddict_to_proto(fitres_to_recorddict(result, keep_input=True)).ByteSize()


def masked_upload(run):
    """Return the bytes that a client has sent in all stages of a round, keys and shares included."""
    rows = read_table(Path(run, BYTES), COLUMNS)
    return sum(row["bytes_received"] / row["replies"] for row in rows)


def readings(clients):
    """Return (owned, read off the updates, read off what the server holds): booleans (clients, 10)."""
    owned = np.array([seen.counts > 0 for seen in clients])
    updates, masked = ([owned_digits(getattr(seen, name)) for seen in clients] for name in VIEWS)
    return owned, _as_table(updates), _as_table(masked)


VIEWS = ("update", "masked")
TITLES = ("without masks", "with masks: what the server holds")


def _as_table(digits):
    return np.array([[digit in found for digit in range(10)] for found in digits])


def draw(clients, path):
    """Draw one client's last layer and all clients' digits, without masks and with, into a PNG file."""
    figure, panels = new_figure(2, 2, figsize=(9, 6.4))
    first = clients[0]
    owned, *read = readings(clients)
    for column, (name, title) in enumerate(zip(VIEWS, TITLES, strict=True)):
        layer = getattr(first, name)[FC2_WEIGHT]
        most = np.abs(layer).max()
        image = panels[0][column].imshow(layer, "PuOr", vmin=-most, vmax=most, aspect="auto")
        figure.colorbar(image, ax=panels[0][column])
        mine = ", ".join(map(str, np.flatnonzero(first.counts)))
        panels[0][column].set_title(f"Client 0 (owns {mine}), {title}", fontsize=9)
        panels[0][column].set(xlabel="Weight of the last layer", ylabel="Digit", yticks=range(10))
        mark(panels[1][column], first, owned, read[column])
    handles, names = panels[1][0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncols=2, fontsize=9, markerscale=0.7)
    save_figure(figure, path, option="--run")


def mark(axes, first, owned, read):
    """Put a disc where a client owns a digit, and a square where that was read off."""
    clients, digits = np.nonzero(owned)
    axes.scatter(digits, clients, s=60, color="C0", label="owned")
    clients, digits = np.nonzero(read)
    square = {"marker": "s", "facecolors": "none", "edgecolors": "0.15"}
    axes.scatter(digits, clients, s=130, label="read off", **square)
    axes.set_title(f"Digits read off: {summary(owned, read)}", fontsize=9)
    axes.set(xlabel="Digit", ylabel="Client", xticks=range(10), yticks=range(len(owned)))
    axes.set(xlim=(-0.6, 9.6), ylim=(len(owned) - 0.4, -0.6))
    axes.grid(alpha=0.25)


def summary(owned, read):
    """Return for how many clients exactly the digits they own were read off, in words."""
    right = owned == read
    return f"{right.all(axis=1).sum()} of {len(right)} clients exactly, {right.sum()} of {right.size} answers"


def main(arguments=None):
    """Run the command line described above."""
    options = Options()
    options.add_argument("--run", default="results/seen", help="the directory of a --curious run")
    run = parse_options(arguments, [options]).run
    torch.set_num_threads(1)
    clients = look(run)
    own = clients[0].correlation()
    most = max(abs(seen.correlation()) for seen in clients)
    noise = sum(array.size for array in clients[0].update) ** -0.5
    print(f"What the server holds of client 0 and its update: correlation {own:+.4f}")
    print(f"  {most:.4f} at most among all clients; noise: standard deviation {noise:.4f}")
    owned, plain, masked = readings(clients)
    print(f"Digits read off the updates: {summary(owned, plain)}")
    print(f"Digits read off what the server holds: {summary(owned, masked)}")
    sent, without = masked_upload(run), plain_upload(clients[0])
    print(
        f"A client's upload: {sent:,.0f} bytes, {without:,} without masks: x {sent / without:.3f}"
    )
    draw(clients, Path(run, "held.png"))
    print(f"Wrote {run}/held.png")


if __name__ == "__main__":
    run_command(main)
