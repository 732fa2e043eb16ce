"""One participant of the federation: it owns one partition, and its images never leave this process.

    python client.py --partition-id 3     # reads partitions/client_3.npz and nothing else

The client waits for the server, trains whenever it is asked to, and sends back weights. It ends when the
server says that the run is over.
"""

import support.environment  # noqa: F401, I001  before flwr: no telemetry, no proxy on loopback
import flwr as fl
import numpy as np
import torch

from model import CNN, get_weights, set_weights, to_tensors, train
from partition import PARTITIONS, load_partition
from support.command_line import (
    OneLineParser,
    address,
    natural_int,
    positive_seconds,
    run_command,
)
from support.connection import stay_connected
from support.terminal import prepare_output


class FlowerClient(fl.client.NumPyClient):
    """What Flower may ask of a participant. Weights are lists of NumPy arrays; images stay in here."""

    def __init__(self, partition_id, images, labels):
        self.partition_id = partition_id
        self.images, self.labels = to_tensors(images, labels)
        self.model = CNN()

    def get_properties(self, config):
        """Say who this is, when the server calls the roll."""
        return {"partition_id": self.partition_id}

    def get_parameters(self, config):
        """Hand out the local model's weights."""
        return get_weights(self.model)

    def set_parameters(self, parameters):
        """Replace the local model's weights by those of the global model."""
        set_weights(self.model, parameters)

    def fit(self, parameters, config):
        """Train the global model on local data; return new weights, number of images, and the mean loss."""
        self.set_parameters(parameters)
        # Seeded by who and when, so that a run can be repeated whatever the clients did before.
        rng = np.random.default_rng([config["seed"], config["server_round"], self.partition_id])
        loss = train(self.model, self.images, self.labels, config["local_epochs"], rng)
        print(
            f"Round {config['server_round']}: trained on {len(self.labels)} images, loss {loss:.4f}"
        )
        return self.get_parameters(config={}), len(self.labels), {"train_loss": loss}


def parse_arguments(arguments):
    """Return the command line's arguments."""
    parser = OneLineParser("client.py", __doc__)
    parser.add_argument(
        "--partition-id", type=natural_int, required=True, help="whose data this client owns"
    )
    parser.add_argument(
        "--server", type=address, default="127.0.0.1:8080", help="HOST:PORT of the server"
    )
    parser.add_argument(
        "--max-wait",
        type=positive_seconds,
        default=120,
        help="seconds to wait for a server that does not answer",
    )
    return parser.parse_args(arguments)


def main(arguments=None):
    """Run the command line described above."""
    args = parse_arguments(arguments)
    prepare_output()
    torch.set_num_threads(1)  # ten clients share this machine's cores; each one needs only one
    images, labels = load_partition(PARTITIONS / f"client_{args.partition_id}.npz")
    print(f"Client {args.partition_id}: {len(labels)} images that stay here")
    client = FlowerClient(args.partition_id, images, labels).to_client()
    stay_connected(
        args.server,
        args.max_wait,
        connect=lambda: fl.client.start_client(server_address=args.server, client=client),
    )


if __name__ == "__main__":
    run_command(main, "client.py")
