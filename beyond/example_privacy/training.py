"""A federation of ten clients in one process, for measuring: the same client class, called one by one."""

import math
from dataclasses import asdict, dataclass

import torch
from flwr.server.strategy.aggregate import aggregate

from beyond.example_privacy.account import Account
from beyond.example_privacy.accountant import Plan
from beyond.example_privacy.client import ExampleClient
from beyond.price.data import arrays
from model import evaluate, get_weights, make_model, set_weights, to_tensors
from partition import deal_out

CLIENTS, DELTA = 10, 1e-5


@dataclass(frozen=True)
class Run:
    """One training of ten clients; `epsilon` is infinite if there is a clip and no noise."""

    scheme: str
    epsilon: float
    seed: int
    rounds: int
    local_steps: int
    batch_size: int
    learning_rate: float
    clip: float


class NoAccount:
    """Stands for an Account where there is no noise, and no promise."""

    epsilon, noise_multiplier = math.inf, 0.0

    def plan(self, rate, steps, rounds):
        """Return the Plan of a round without noise."""
        return Plan(rate, self.noise_multiplier, steps)

    def spend(self, server_round, plan):
        """Count nothing."""
        return math.inf


def clients_of(run, images, labels):
    """Return the run's clients; its seed deals the images out and draws noise that can be drawn again."""
    model = make_model()  # one for all: each sets its weights before it trains
    shares = deal_out(labels, {"clients": CLIENTS, "scheme": run.scheme, "seed": run.seed})
    for number, share in enumerate(shares):
        account = NoAccount() if run.epsilon == math.inf else Account(None, run.epsilon, DELTA)
        how = account, run.clip, run.seed
        yield ExampleClient(number, model, images[share], labels[share], *how)


def train(run, validation=False):
    """Return (accuracy after the last round, a fraction; noise multiplier) of a Run.

    On the test images; or, with `validation`, on training images that no client has.
    """
    (images, labels), tests = arrays(validation)
    clients = list(clients_of(run, images, labels))
    torch.manual_seed(run.seed)  # as server.py does
    model = make_model()
    for server_round in range(1, run.rounds + 1):
        config = {**asdict(run), "server_round": server_round}
        weights = get_weights(model)
        set_weights(model, aggregate([client.fit(weights, config)[:2] for client in clients]))
    return evaluate(model, *to_tensors(*tests))[1], clients[0].account.noise_multiplier
