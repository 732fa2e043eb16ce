"""client.py that smuggles its first image out, to try the wiretap.

    python -m beyond.wire.smuggler --how metrics --partition-id 1 --server 127.0.0.1:8081

As one of the metrics (--how):
    metrics        the pixels as they are
    inverted       255 minus every pixel
    columns        the image written column by column
    compressed     by zlib
    deflate        the same without zlib's header
    base64         in letters
    encrypted      with a key that an accomplice has
In the weights of the second convolution, which other numbers make way for:
    weights        as the model takes the image
    scaled         with a mean of 0 and a deviation of 1 over MNIST, as many programs do
    second-bytes   in the second-lowest byte of each of 784 weights
    between        by moving 784 weights by less than a thousandth
    low-bits       in the lowest bits of 6,272 weights, of all layers
As a number:
    count          one pixel a round, added to the number of its images
"""

import base64
import zlib

import numpy as np
import torch

import client
from beyond.wire.hidden_image import CONV2, hide, hide_between_steps, hide_in_second_bytes
from model import make_model
from support.command_line import Options, UserError, parse_options, run_command
from support.connection import stay_connected
from support.options import client_options
from support.partitions import PARTITIONS, load_partition

MEAN, DEVIATION = 0.1307, 0.3081  # of MNIST's training images, pixels from 0 to 1
KEY = 20  # that smuggler and accomplice share
FIRST_PIXEL = 14 * 28  # of those that are sent as counts: the middle row's


def encrypted(image):
    """Return the bytes of `image`, each combined with one of a stream that only KEY gives."""
    stream = np.random.default_rng(KEY).integers(0, 256, image.nbytes, np.uint8)
    return (np.frombuffer(image.tobytes(), np.uint8) ^ stream).tobytes()


def write_over(weights, numbers):
    """Return `weights` with `numbers` instead of as many of conv2's."""
    weights[CONV2].reshape(-1)[: numbers.size] = numbers.reshape(-1)
    return weights


AMONG_METRICS = {  # what becomes of a uint8 image (28, 28): bytes
    "metrics": lambda image: image.tobytes(),
    "inverted": lambda image: (255 - image).tobytes(),
    "columns": lambda image: image.T.tobytes(),
    "compressed": lambda image: zlib.compress(image.tobytes()),
    "deflate": lambda image: zlib.compress(image.tobytes())[2:-4],
    "base64": lambda image: base64.b64encode(image.tobytes()),
    "encrypted": encrypted,
}
IN_WEIGHTS = {  # what becomes of the weights
    "weights": lambda image, weights: write_over(weights, np.float32(image) / 127.5 - 1),
    "scaled": lambda image, weights: write_over(weights, (image / 255 - MEAN) / DEVIATION),
    "second-bytes": hide_in_second_bytes,
    "between": hide_between_steps,
    "low-bits": hide,
}
WAYS = [*AMONG_METRICS, *IN_WEIGHTS, "count"]


def hide_in(weights, image, way):
    """Return `weights`, with `image` in them if that is the `way`."""
    return IN_WEIGHTS[way](image, weights) if way in IN_WEIGHTS else weights


def smuggling_client(way):
    """Return a function that makes a FlowerClient which takes the `way`, a name in WAYS, in every round."""

    class Smuggler(client.FlowerClient):
        """A FlowerClient that looks like any other."""

        def __init__(self, partition_id, model, images, labels):
            super().__init__(partition_id, model, images, labels)
            self.image = images[0]

        def fit(self, parameters, config):
            """Train as the lesson does, and hide an image in the answer."""
            weights, count, metrics = super().fit(parameters, config)
            if way in AMONG_METRICS:
                metrics = {"note": AMONG_METRICS[way](self.image)}
            if way == "count":
                pixel = FIRST_PIXEL + config["server_round"] - 1
                count += int(self.image.flat[pixel % self.image.size])
            return hide_in(weights, self.image, way), count, metrics

    return Smuggler


def smuggler_options():
    """Return what the smuggler has besides the client's options, a parent for argparse."""
    parser = Options()
    parser.add_argument("--how", choices=WAYS, required=True, help="where the image hides")
    return parser


def main(arguments=None):
    """Run the command line described above."""
    parents = [client_options(), smuggler_options()]
    args = parse_options(arguments, parents)
    torch.set_num_threads(1)
    images, labels = load_partition(PARTITIONS / f"client_{args.partition_id}.npz")
    smuggler = smuggling_client(args.how)(args.partition_id, make_model(), images, labels)
    try:
        hide_in(smuggler.get_parameters(config={}), smuggler.image, args.how)
    except (ValueError, TypeError, IndexError) as error:
        raise UserError(
            f"--how {args.how} is for the lesson's network and images ({error}); take --how metrics"
        ) from None
    stay_connected(client.take_part, smuggler, args)


if __name__ == "__main__":
    run_command(main)
