"""How much could hide in weights: their low bits become random ones, until the model answers worse.

    python -m beyond.wire.room      # half a minute; needs a run's global_model.npz

A float32 has a sign, eight bits of exponent and 23 of fraction. Encrypted bytes look like random ones, so a
model that answers as well with random bits has room for as many bits of anything.
"""

import numpy as np
import torch

from model import evaluate, make_model, set_weights, to_tensors
from support.command_line import Options, UserError, parse_options, run_command
from support.mnist import load_mnist

BITS = (0, 1, 4, 8, 12, 16, 18, 20, 21, 22, 23)
IMAGE = 28 * 28  # bytes


def with_random_bits(weights, bits, numbers):
    """Return `weights`, a list of float32 arrays, with the lowest `bits` bits of each weight random."""
    changed = []
    for array in weights:
        random = numbers.integers(0, 1 << bits, array.shape, np.uint32)
        changed.append((array.view(np.uint32) >> bits << bits | random).view(np.float32))
    return changed


def accuracy(weights, test):
    """Return which fraction of `test`, (images, labels), a model with `weights` answers rightly."""
    model = make_model()
    set_weights(model, weights)
    return evaluate(model, *to_tensors(*test))[1]


def weights_in(path):
    """Return the arrays in a run's global_model.npz. Raises UserError if it is none of this network's."""
    try:
        with np.load(path, allow_pickle=False) as file:
            weights = [file[name] for name in make_model().state_dict()]
        set_weights(make_model(), weights)
    except FileNotFoundError:
        raise UserError(f"there is no {path}; train one with python federation.py") from None
    except Exception as error:  # damaged bytes make zip and NumPy raise almost anything
        raise UserError(
            f"{path} is not a model of this network ({error}); choose another --model"
        ) from None
    return weights


def main(arguments=None):
    """Run the command line described above."""
    options = Options()
    add = options.add_argument
    add("--model", default="results/fedavg/global_model.npz", help="the trained model's weights")
    args = parse_options(arguments, [options])
    torch.set_num_threads(1)
    weights, (_, test) = weights_in(args.model), load_mnist()
    size, numbers = sum(array.size for array in weights), np.random.default_rng(0)
    print("random bits a weight    room, bytes    in images    accuracy")
    for bits in BITS:
        room = size * bits // 8
        reached = accuracy(with_random_bits(weights, bits, numbers), test)
        print(f"{bits:>20} {room:>14,} {room / IMAGE:>12.1f} {100 * reached:>9.2f} %")


if __name__ == "__main__":
    run_command(main)
