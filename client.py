"""One participant of the federation: it owns one partition, and its images never leave this process.

    python client.py --partition-id 3     # reads partitions/client_3.npz and nothing else

The client waits for the server, trains whenever it is asked to, and sends back weights. It ends when the
server says that the run is over, and comes back by itself if the connection is lost before that.
"""

import flwr as fl
import numpy as np
import torch

from model import get_weights, make_model, set_weights, to_tensors, train
from support.command_line import parse_options, run_command
from support.connection import stay_connected
from support.options import client_options
from support.partitions import PARTITIONS, load_partition


class FlowerClient(fl.client.NumPyClient):
    """A client, with the methods that Flower calls. Weights are lists of NumPy arrays; images stay here."""

    def __init__(self, partition_id, model, images, labels):
        self.partition_id = partition_id
        self.model = model
        self.images, self.labels = to_tensors(images, labels)

    def get_parameters(self, config):
        """Return the local model's weights."""
        return get_weights(self.model)

    def set_parameters(self, parameters):
        """Replace the local model's weights by those of the global model."""
        set_weights(self.model, parameters)

    def fit(self, parameters, config):
        """Train the global model on local data; return the new weights and how many images they saw."""
        self.set_parameters(parameters)
        # Seeded by client and round, so that a run can be repeated whatever this client did before.
        rng = np.random.default_rng([config["seed"], config["server_round"], self.partition_id])
        loss = train(
            self.model,
            self.images,
            self.labels,
            epochs=config["local_epochs"],
            rng=rng,
            learning_rate=config["learning_rate"],
            batch_size=config["batch_size"],
        )
        count = len(self.labels)
        print(f"Round {config['server_round']}: trained on {count} images, loss {loss:.4f}")
        return get_weights(self.model), count, {}


def take_part(client, server, certificate):
    """Connect to the server and do as it asks until it says that the run is over."""
    fl.client.start_client(
        server_address=server, client=client.to_client(), root_certificates=certificate
    )


def main(arguments=None, make_client=FlowerClient, make_model=make_model):
    """Run the command line described above; chapters give the other arguments (see ARCHITECTURE.md)."""
    args = parse_options(arguments, [client_options()])
    torch.set_num_threads(1)  # ten clients share this machine's cores; each one needs only one
    images, labels = load_partition(PARTITIONS / f"client_{args.partition_id}.npz")
    print(f"Client {args.partition_id}: {len(labels)} images that stay here")
    client = make_client(args.partition_id, make_model(), images, labels)
    stay_connected(take_part, client, args)


if __name__ == "__main__":
    run_command(main)
