"""What an attacker who knows of it reads in the low bits of weights on the wire: an image, or noise."""

import io
from contextlib import suppress

import numpy as np
from flwr.proto.transport_pb2 import ClientMessage

from beyond.wire.hidden_image import reveal
from support.figures import new_figure, save_figure


def revealed(contents):
    """Return {round: [uint8 image (28, 28)]}: the low bits of all updates in the ledger's `contents`."""
    found = {}
    for _, server_round, name, content in contents:
        if name == "fit_res":
            tensors = ClientMessage.FromString(content).fit_res.parameters.tensors
            with suppress(ValueError, OSError):  # another network, or no arrays at all
                weights = [np.load(io.BytesIO(tensor), allow_pickle=False) for tensor in tensors]
                found.setdefault(server_round, []).append(reveal(weights))
    return found


def draw(images, path):
    """Draw uint8 `images`, one for every client's update, side by side into the PNG file `path`."""
    figure, [panels] = new_figure(1, len(images), figsize=(max(3.0, 1.6 * len(images)), 1.9))
    for number, (axes, image) in enumerate(zip(panels, images, strict=True), start=1):
        axes.imshow(255 - image, cmap="gray", vmin=0, vmax=255)
        axes.axis("off")
        axes.set_title(f"update {number}", fontsize=9)
    save_figure(figure, path, option="--reveal")
