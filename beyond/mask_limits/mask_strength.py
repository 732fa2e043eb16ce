"""How much a mask of Flower's hides: the bits that are left of a key, and how long it takes to try them all.

    python -m beyond.mask_limits.mask_strength

Two clients agree on a key of 256 bits. Flower stretches it to a mask with NumPy's Mersenne Twister, whose
seed has 32 bits.
"""

import time
from functools import reduce

import numpy as np
from flwr.common.secure_aggregation import secaggplus_utils
from flwr.common.secure_aggregation.crypto.symmetric_encryption import generate_shared_key
from flwr.supercore.primitives.asymmetric import generate_key_pairs

from support.argument_types import positive_int
from support.command_line import Options, parse_options, run_command

RANGE = 2**32  # of a masked integer


def shared_keys(number):
    """Return `number` keys as pairs of clients agree on them: bytes, each made of two new pairs of keys."""
    return [
        generate_shared_key(generate_key_pairs()[0], generate_key_pairs()[1]) for _ in range(number)
    ]


def seed_of(key):
    """Return the seed that Flower's generator of masks is given for `key`: it is asked itself."""
    asked = []
    original = np.random.RandomState

    class Listening(original):
        def __init__(self, seed):
            asked.append(seed)
            super().__init__(seed)

    np.random.RandomState = Listening
    try:
        secaggplus_utils.pseudo_rand_gen(key, RANGE, [(1,)])
    finally:
        np.random.RandomState = original
    return asked[0]


def effective_bits(seeds):
    """Return how many bits `seeds`, ints, really have: the rank of their differences over GF(2)."""
    return len(reduce(_add_to_basis, (seed ^ seeds[0] for seed in seeds[1:]), {}))


def _add_to_basis(basis, number):
    """Return `basis`, {highest bit: number}, with `number` in it if the others do not make it already."""
    while number:
        highest = number.bit_length()
        if highest not in basis:
            return basis | {highest: number}
        number ^= basis[highest]
    return basis


def seconds_a_guess(guesses):
    """Return how long it takes to make the beginning of a mask from a seed, on one core."""
    began = time.process_time()
    for seed in range(guesses):
        secaggplus_utils.pseudo_rand_gen(seed.to_bytes(4, "little"), RANGE, [(4,)])
    return (time.process_time() - began) / guesses


def main(arguments=None):
    """Run the command line described above."""
    options = Options()
    options.add_argument("--keys", type=positive_int, default=500, help="how many keys to look at")
    options.add_argument(
        "--guesses", type=positive_int, default=20_000, help="how many seeds to try"
    )
    args = parse_options(arguments, [options])
    bits = effective_bits([seed_of(key) for key in shared_keys(args.keys)])
    guess = seconds_a_guess(args.guesses)
    print(f"{args.keys} pairwise keys of 256 bits: as seeds they have {bits} bits")
    print(f"One guess with Flower's own function: {1e6 * guess:.0f} microseconds")
    print(f"All seeds of one key: {2**bits * guess / 3600:.1f} hours on one core")


if __name__ == "__main__":
    run_command(main)
