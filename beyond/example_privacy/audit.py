"""Attack the guarantee where it is weakest: was this one image among the client's, or not?

    python -m beyond.example_privacy.audit      # two minutes -> results/example_privacy/audit.csv

The attacker has chosen an image that stands out, knows all others and the weights that were sent, and sees
what the client sends back after one round. No attack may find more than the accountant's bound; with an
account that is wrong, or noise that is too small, one would (Nasr et al. 2021, arXiv 2101.04535).
"""

import math

import numpy as np
import torch

from beyond.example_privacy.account import Account
from beyond.example_privacy.accountant import Plan, detected
from beyond.example_privacy.client import ExampleClient
from beyond.example_privacy.dp_sgd import per_example_gradients
from beyond.example_privacy.training import DELTA, NoAccount
from model import get_weights, make_model
from support.argument_types import path, positive_int
from support.command_line import Options, parse_options, run_command
from support.mnist import load_mnist
from support.run_record import make_run_directory
from support.tables import write_table

ORDINARY, FALSE_ALARMS = 49, 0.05
RATE, STEPS = 0.5, 10
CONFIG = {
    "server_round": 1,
    "rounds": 1,
    "batch_size": 25,
    "local_steps": STEPS,
    "learning_rate": 0.1,
}
# `found` are members, as a part of all, with FALSE_ALARMS; `bound` is how many any attack may find.
COLUMNS = {"epsilon": float, "auc": float, "found": float, "bound": float, "trials": int}


def audited_client(is_in):
    """Return a client with 49 digits and one image of chance; or with nothing instead of that.

    Nothing is an image of NaN: its gradient is not finite, and counts as zero.
    """
    (images, labels), _ = load_mnist()
    odd = np.random.default_rng(0).integers(0, 256, (1, 28, 28), np.uint8)
    images = np.concatenate([images[:ORDINARY], odd])
    labels = np.append(labels[:ORDINARY], 0)
    client = ExampleClient(0, make_model(), images, labels, account=None, clip=0.5)
    if not is_in:
        client.images[-1] = math.nan
    return client


def scores(client, epsilon, trials, weights, direction):
    """Return how far each of many updates goes in the `direction` of the image: an array (trials,)."""
    found = []
    for _ in range(trials):
        client.account = Account(None, epsilon, DELTA) if epsilon < math.inf else NoAccount()
        pairs = zip(client.fit(weights, CONFIG)[0], weights, direction, strict=True)
        found.append(sum(np.vdot(new - old, along) for new, old, along in pairs))
    return np.array(found)


def audit(epsilon, trials):
    """Return the line of audit.csv for this epsilon; infinity stands for no noise."""
    torch.manual_seed(0)
    present, absent = audited_client(True), audited_client(False)
    weights = get_weights(present.model)
    gradients = per_example_gradients(present.model, present.images[-1:], present.labels[-1:])
    direction = [-gradient[0].numpy() for gradient in gradients.values()]
    members = scores(present, epsilon, trials, weights, direction)
    others = scores(absent, epsilon, trials, weights, direction)
    threshold = np.quantile(others, 1 - FALSE_ALARMS)
    plan = Plan(RATE, present.account.noise_multiplier, STEPS)
    return {
        "epsilon": epsilon,
        "auc": np.mean(members[:, None] > others),
        "found": np.mean(members > threshold),
        "bound": detected([plan], FALSE_ALARMS) if epsilon < math.inf else 1.0,
        "trials": trials,
    }


def main(arguments=None):
    """Run the command line described above."""
    options = Options()
    add = options.add_argument
    add("--trials", type=positive_int, default=200, help="updates with the image, and without it")
    add("--output", type=path, default="results/example_privacy", help="directory for audit.csv")
    args = parse_options(arguments, [options])
    torch.set_num_threads(1)
    table = make_run_directory(args.output, "--output") / "audit.csv"
    write_table(table, COLUMNS, [audit(epsilon, args.trials) for epsilon in (math.inf, 8.0, 2.0)])
    print(f"Wrote {table}")


if __name__ == "__main__":
    run_command(main)
