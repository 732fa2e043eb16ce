"""One participant of the federation: it owns one partition, and its images never leave this process.

    python client.py --partition-id 3     # reads partitions/client_3.npz and nothing else

The client waits for the server, trains whenever it is asked to, and sends back weights. It ends when the
server says that the run is over, and comes back by itself if the connection is lost before that.
"""

import support.environment  # noqa: F401, I001  before flwr: no telemetry, no proxy on loopback
import flwr as fl
import numpy as np
import torch

from model import CNN, evaluate, get_weights, set_weights, to_tensors, train
from partition import PARTITIONS, load_partition
from support.certificates import root_certificate
from support.command_line import OneLineParser, run_command
from support.connection import Refused, stay_connected
from support.local_data import proximal_penalty, split
from support.options import client_options
from support.terminal import prepare_output


class FlowerClient(fl.client.NumPyClient):
    """What the server may ask of a participant. Weights are lists of NumPy arrays; images stay in here."""

    def __init__(self, partition_id, images, labels):
        self.partition_id = partition_id
        self.images, self.labels = to_tensors(images, labels)
        self.model = CNN()
        self.refusal = None

    def get_properties(self, config):
        """Say who this is, when the server calls the roll; it may answer that we are not wanted."""
        self.refusal = config.get("refusal")
        return {"partition_id": self.partition_id}

    def get_parameters(self, config):
        """Hand out the local model's weights."""
        return get_weights(self.model)

    def set_parameters(self, parameters):
        """Replace the local model's weights by those of the global model."""
        set_weights(self.model, parameters)

    def fit(self, parameters, config):
        """Train the global model on local data; return the new weights and how many images they saw."""
        self.set_parameters(parameters)
        server_round = config["server_round"]
        # Seeded by who and when, so that a run can be repeated whatever this client did before.
        rng = np.random.default_rng([config["seed"], server_round, self.partition_id])
        images, labels = self.training_data(config)
        penalty = proximal_penalty(self.model, config.get("proximal_mu"))
        options = {name: config[name] for name in ("learning_rate", "batch_size") if name in config}
        loss = train(
            self.model, images, labels, config["local_epochs"], rng, penalty=penalty, **options
        )
        print(f"Round {server_round}: trained on {len(labels)} images, loss {loss:.4f}")
        return self.get_parameters(config={}), len(labels), {}

    def training_data(self, config):
        """Return all images and labels, or those that are not held out if the server wants evaluations."""
        if not config.get("client_evaluation"):
            return self.images, self.labels
        return split(self.images, self.labels, seed=self.partition_id)[0]

    def evaluate(self, parameters, config):
        """Test the global model on images that this client has held out of its training."""
        self.set_parameters(parameters)
        images, labels = split(self.images, self.labels, seed=self.partition_id)[1]
        if len(labels) == 0:
            return 0.0, 0, {}
        loss, accuracy = evaluate(self.model, images, labels)
        return loss, len(labels), {"accuracy": accuracy}


def take_part(client, server, root):
    """Connect to the server and do as it asks until it says that the run is over."""
    fl.client.start_client(server_address=server, client=client.to_client(), root_certificates=root)
    if client.refusal:
        raise Refused(client.refusal)


def main(arguments=None):
    """Run the command line described above."""
    parser = OneLineParser("client.py", __doc__, parents=[client_options()])
    args = parser.parse_args(arguments)
    prepare_output()
    torch.set_num_threads(1)  # ten clients share this machine's cores; each one needs only one
    root = root_certificate(args.certificates)
    images, labels = load_partition(PARTITIONS / f"client_{args.partition_id}.npz")
    print(f"Client {args.partition_id}: {len(labels)} images that stay here")
    client = FlowerClient(args.partition_id, images, labels)
    stay_connected(args.server, root, args.max_wait, lambda: take_part(client, args.server, root))


if __name__ == "__main__":
    run_command(main, "client.py")
