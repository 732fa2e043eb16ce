"""client.py whose weights protect every single image, from the server and from everyone behind it.

python -m beyond.example_privacy.client --partition-id 3 --target-epsilon 8
"""

import contextlib
import functools
import hashlib

import numpy as np

import client
from beyond.example_privacy.account import Account
from beyond.example_privacy.dp_sgd import SystemRandom, train_privately
from beyond.example_privacy.options import example_privacy_options
from model import get_weights
from support.command_line import UserError, parse_options, run_command
from support.files import locked
from support.options import client_options
from support.run_record import make_run_directory
from support.typed_words import as_words


class ExampleClient(client.FlowerClient):
    """A FlowerClient that trains with DP-SGD, as far as its own Account allows, whatever the server asks for.

    `clip` is the largest L2 length of one image's gradient. With a `noise_seed` the noise can be drawn again,
    and nothing is guaranteed.
    """

    def __init__(self, partition_id, model, images, labels, account, clip, noise_seed=None):
        super().__init__(partition_id, model, images, labels)
        self.account = account
        self.clip = clip
        self.noise_seed = noise_seed

    def fit(self, parameters, config):
        """Train the global model on local data; return the new weights and how many images there are.

        What leaves is the weights, which carry noise, and the number of images, which is taken as public.
        Raises UserError when the account is spent, or if the server does not say how many rounds are to come.
        """
        self.set_parameters(parameters)
        server_round, plan = config["server_round"], self._plan(config)
        epsilon = self.account.spend(server_round, plan)
        data, rng = (self.images, self.labels), self._randomness(server_round)
        train_privately(self.model, *data, plan, self.clip, config["learning_rate"], rng)
        promise = "is spent" if self.noise_seed is None else "without guarantee"
        print(
            f"Round {server_round}: {plan.steps} steps with noise multiplier {plan.noise_multiplier:.3g}; "
            f"epsilon {epsilon:.4g} of {self.account.epsilon:g} {promise}"
        )
        return get_weights(self.model), len(self.labels), {}

    def _plan(self, config):
        """Return the Plan of a round. What the server asks for decides how much noise there is."""
        if "rounds" not in config:
            raise UserError(
                "this server does not say how many rounds epsilon has to last for; start one with "
                "python -m beyond.example_privacy.server"
            )
        rate = min(1.0, config["batch_size"] / len(self.labels))
        steps = config["local_steps"] or max(1, round(config["local_epochs"] / rate))
        rounds = max(1, config["rounds"] - config["server_round"] + 1)
        return self.account.plan(rate, steps, rounds)

    def _randomness(self, server_round):
        if self.noise_seed is None:
            return SystemRandom()
        return np.random.default_rng([self.noise_seed, server_round, self.partition_id])


def make_client(args, stack, partition_id, model, images, labels):
    """Return the client of these images with their account, which is locked until `stack` is closed.

    Raises UserError if the promise could not be kept, or if the account cannot.
    """
    if list(model.buffers()):
        raise UserError(
            "this network keeps statistics of its images (batch normalisation does), which would leave "
            "without noise; use a layer that looks at one image, such as GroupNorm"
        )
    if args.delta >= 1 / len(labels):
        raise UserError(
            f"--delta {args.delta:g} is not below 1/{len(labels)}: it would allow to publish one image; "
            "lower it"
        )
    path = make_run_directory(args.accounts, "--accounts") / account_name(images, args.noise_seed)
    busy = f"another client trains on the images of client {partition_id}; stop that one"
    stack.enter_context(locked(path.with_suffix(".lock"), UserError(busy)))
    promise = (
        "" if args.noise_seed is None else " (no guarantee: --noise-seed can draw the noise again)"
    )
    print(f"Account of these images: {path}{promise}")
    account = Account(path, args.target_epsilon, args.delta)
    return ExampleClient(partition_id, model, images, labels, account, args.clip, args.noise_seed)


def account_name(images, noise_seed):
    """Return the name of the file with the account of `images`, which says so if it promises nothing."""
    name = f"images_{hashlib.sha256(images.tobytes()).hexdigest()[:12]}"
    return f"{name}.csv" if noise_seed is None else f"{name}_without_guarantee.csv"


def main(arguments=None):
    """Run the command line described above."""
    args = parse_options(arguments, [client_options(), example_privacy_options()])
    words = as_words(args, [client_options()])
    with contextlib.ExitStack() as stack:
        client.main(words, functools.partial(make_client, args, stack))


if __name__ == "__main__":
    run_command(main)
