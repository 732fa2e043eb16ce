"""What differential privacy adds to the command line: noise, clip, and what they are to guarantee."""

import argparse
import math

from beyond.differential_privacy.accountant import noise_multiplier_for, spent_epsilon
from support.argument_types import natural_int, positive_float
from support.command_line import Options, UserError

LARGEST_EPSILON = 500  # above it, what was sent tells nearly everything: mu is 29 there


def privacy_options():
    """Return the options of a private federation; their check fills in --delta."""
    parser = Options(check_privacy)
    noise = parser.add_mutually_exclusive_group(required=True)
    noise.add_argument(
        "--noise-multiplier",
        type=positive_float,
        metavar="Z",
        help="the noise on the sum of updates has the standard deviation Z * C",
    )
    noise.add_argument(
        "--target-epsilon",
        type=positive_float,
        metavar="E",
        help="compute Z so that no more than this epsilon is spent on the partitions in --run, all runs "
        "there together (add or remove one client)",
    )
    add = parser.add_argument
    add(
        "--clip",
        type=positive_float,
        required=True,
        metavar="C",
        help="largest L2 length of an update",
    )
    add(
        "--delta",
        type=probability,
        metavar="D",
        help="epsilon holds but for this probability (default: 0.1 / --clients)",
    )
    add(
        "--noise-seed",
        type=natural_int,
        help="repeatable noise, for recordings only: no guarantee, because the seed takes the noise off",
    )
    return parser


def probability(text):
    """argparse type: a number between 0 and 1, both left out."""
    number = positive_float(text)
    if number >= 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not between 0 and 1")
    return number


def check_privacy(args):
    """Fill in --delta. Raise UserError if the options would promise nothing."""
    if args.delta is None:
        args.delta = 0.1 / args.clients
    if args.delta >= 1 / args.clients:
        raise UserError(
            f"--delta {args.delta:g} is not below 1/{args.clients}: it would allow to publish one "
            "client's data; lower it"
        )
    if args.target_epsilon is not None:
        _check_target(args.target_epsilon)
    else:
        _check_noise(args.noise_multiplier, args.rounds, args.delta)


def _check_target(epsilon):
    if epsilon > LARGEST_EPSILON:
        raise UserError(
            f"--target-epsilon {epsilon:g} promises nothing; give {LARGEST_EPSILON} or less"
        )


def _check_noise(noise_multiplier, rounds, delta):
    epsilon = spent_epsilon(noise_multiplier, rounds, delta)
    if epsilon > LARGEST_EPSILON:
        lowest = math.ceil(noise_multiplier_for(LARGEST_EPSILON, rounds, delta) * 1000) / 1000
        raise UserError(
            f"--noise-multiplier {noise_multiplier:g} makes {rounds} rounds cost epsilon "
            f"{epsilon:.4g}, and above {LARGEST_EPSILON} it promises nothing; give {lowest:g} or more"
        )
