"""What a server that keeps every step of the protocol has read of one client's update.

    python -m beyond.mask_limits.federation --scheme shards --learning-rate 0.01 --single-out 3 \\
        --run results/single
    python -m beyond.mask_limits.opened --run results/single

The true update is made once more by the lesson's client, from the partition and the instructions.
"""

import json
from pathlib import Path

import numpy as np
import torch

from beyond.attacks.updates import update_of
from beyond.mask_limits.targeted import ATTACKS
from support.command_line import Options, UserError, parse_options, run_command
from support.partitions import PARTITIONS, load_partition


def read_opened(path):
    """Return (victim, config, weights that it was sent, update that the server has made out)."""
    with np.load(path, allow_pickle=False) as file:
        names = sum(name.startswith("sent_") for name in file.files)
        sent, update = (
            [file[f"{kind}_{place}"] for place in range(names)] for kind in ("sent", "update")
        )
        return int(file["victim"]), json.loads(str(file["config"])), sent, update


def correlation(path, arrays=slice(None)):
    """Return Pearson's r of the update that the server has made out and the true one, over some arrays."""
    victim, config, sent, update = read_opened(path)
    images, labels = load_partition(PARTITIONS / f"client_{victim}.npz")
    true = update_of(sent, images, labels, victim, **config)
    flat = [np.concatenate([a.ravel() for a in weights[arrays]]) for weights in (true, update)]
    return float(np.corrcoef(*flat)[0, 1])


def opened_in(run):
    """Return {round: correlation} of the rounds in which the server has made an update out."""
    found = {}
    for number, attack in enumerate(ATTACKS, 1):
        path = Path(run, f"opened_{number}.npz")
        if path.exists():
            # Of the dead model the last ten biases learn, and the sum has those of all.
            found[number] = correlation(path, slice(-1 if attack.kills_a_layer else None))
    return found


def main(arguments=None):
    """Run the command line described above."""
    options = Options()
    options.add_argument(
        "--run", default="results/single", help="the directory of a --single-out run"
    )
    run = Path(parse_options(arguments, [options]).run)
    if not any(run.glob("opened_*.npz")):
        raise UserError(
            f"{run} has no opened_*.npz; make it with beyond.mask_limits.federation --single-out"
        )
    torch.set_num_threads(1)
    found = opened_in(run)
    for number, attack in enumerate(ATTACKS, 1):
        outcome = f"correlation {found[number]:.4f}" if number in found else "nothing"
        print(f"Round {number}, {attack.words}: {outcome}")


if __name__ == "__main__":
    run_command(main)
