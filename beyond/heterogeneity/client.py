"""The lesson's client, which can also hold images out to test on, and add FedProx's pull to its gradients.

python -m beyond.heterogeneity.client --partition-id 3
"""

import functools

import torch

import client
from beyond.heterogeneity.proximal import proximal_pull
from model import evaluate, make_model
from support.command_line import run_command

HELD_OUT = 0.1  # the part of its images that a client can keep out of training, to test on


def split(images, labels, seed):
    """Split tensors into ((images, labels) to train on, (images, labels) held out): one seed, one split.

    A tenth is held out, at least one image, unless there is only one: that one is trained on.
    """
    order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(seed))
    count = min(max(1, round(HELD_OUT * len(labels))), len(labels) - 1)
    held_out, kept = order[:count], order[count:]
    return (images[kept], labels[kept]), (images[held_out], labels[held_out])


class HeterogeneityClient(client.FlowerClient):
    """A FlowerClient that also does what this chapter's server may ask."""

    def __init__(self, partition_id, model, images, labels):
        super().__init__(partition_id, model, images, labels)
        self.everything = self.images, self.labels

    @functools.cached_property
    def parts(self):
        """((images, labels) to train on, (images, labels) held out), if the server wants evaluations."""
        return split(*self.everything, seed=self.partition_id)

    def fit(self, parameters, config):
        """Train as the lesson's client does, without the held-out images if the server wants evaluations."""
        holds_out = config.get("client_evaluation", False)  # the lesson's server does not ask
        self.images, self.labels = self.parts[0] if holds_out else self.everything
        with proximal_pull(self.model, parameters, config.get("proximal_mu", 0.0)):
            return super().fit(parameters, config)

    def evaluate(self, parameters, config):
        """Return (loss, images, metrics) of the global model on images that are held out of training."""
        self.set_parameters(parameters)
        images, labels = self.parts[1]
        if len(labels) == 0:
            return 0.0, 0, {}
        loss, accuracy = evaluate(self.model, images, labels)
        return loss, len(labels), {"accuracy": accuracy}


def main(arguments=None, make_client=HeterogeneityClient, make_model=make_model):
    """Run the command line described above."""
    client.main(arguments, make_client, make_model)


if __name__ == "__main__":
    run_command(main)
