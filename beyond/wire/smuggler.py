"""client.py that smuggles its first image out, to try the wiretap.

    python -m beyond.wire.smuggler --how metrics --partition-id 1 --server 127.0.0.1:8081

--how metrics       the pixels, as one of the metrics
--how compressed    the same, packed by zlib
--how weights       as 784 of the 12,800 weights of the second convolution
--how low-bits      in the lowest bits of 6,272 weights
"""

import zlib

import torch

import client
from beyond.wire.hidden_image import hide
from model import make_model
from support.command_line import Options, UserError, parse_options, run_command
from support.connection import stay_connected
from support.options import client_options
from support.partitions import PARTITIONS, load_partition

CONV2 = 2  # the place of its weights in the lesson's list


def in_metrics(image, floats, weights):
    """Return (weights, metrics) with the pixels among the metrics."""
    return weights, {"note": image.tobytes()}


def compressed(image, floats, weights):
    """Return (weights, metrics) with the packed pixels among the metrics."""
    return weights, {"note": zlib.compress(image.tobytes())}


def among_weights(image, floats, weights):
    """Return (weights, metrics) with the image, as the model takes it, instead of other weights."""
    weights[CONV2].reshape(-1)[: floats.size] = floats.flatten()
    return weights, {}


def in_low_bits(image, floats, weights):
    """Return (weights, metrics) with the pixels where no search finds them."""
    return hide(image, weights), {}


WAYS = {
    "metrics": in_metrics,
    "compressed": compressed,
    "weights": among_weights,
    "low-bits": in_low_bits,
}


def smuggling_client(way):
    """Return a function that makes a FlowerClient which takes the `way`, a name in WAYS, in every round."""

    class Smuggler(client.FlowerClient):
        """A FlowerClient that looks like any other."""

        def __init__(self, partition_id, model, images, labels):
            super().__init__(partition_id, model, images, labels)
            self.image = images[0]

        def fit(self, parameters, config):
            """Train as the lesson does, and hide an image in the answer."""
            weights, count, _ = super().fit(parameters, config)
            weights, metrics = self.hide_in(weights)
            return weights, count, metrics

        def hide_in(self, weights):
            """Return (weights, metrics) with the image in one of them."""
            return WAYS[way](self.image, self.images[0].numpy(), weights)

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
        smuggler.hide_in(smuggler.get_parameters(config={}))
    except (ValueError, TypeError, IndexError) as error:
        raise UserError(
            f"--how {args.how} is for the lesson's network and images ({error}); take --how metrics"
        ) from None
    stay_connected(client.take_part, smuggler, args)


if __name__ == "__main__":
    run_command(main)
