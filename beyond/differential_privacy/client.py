"""client.py for a private federation: it sends no more than the server needs.

python -m beyond.differential_privacy.client --partition-id 3
"""

import client
from beyond.differential_privacy.mechanism import clipped, difference
from model import make_model
from support.command_line import run_command


class PrivateClient(client.FlowerClient):
    """A FlowerClient that clips its own update, and does not say how many images it has.

    The guarantee does not rest on that: the server clips whatever comes, and gives each client the weight 1.
    """

    def fit(self, parameters, config):
        """Train as the lesson does; return weights no farther than the clip from the global model."""
        weights, _, metrics = super().fit(parameters, config)
        update = clipped(difference(weights, parameters), config["clip"])
        near = zip(parameters, update, strict=True)
        return [(sent + change).astype(sent.dtype) for sent, change in near], 1, metrics


def main(arguments=None, make_client=PrivateClient, make_model=make_model):
    """Run the command line described above."""
    client.main(arguments, make_client, make_model)


if __name__ == "__main__":
    run_command(main)
