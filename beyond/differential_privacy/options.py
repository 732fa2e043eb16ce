"""What differential privacy adds to the command line: noise, clip, and what they are to guarantee."""

import argparse
import math

from beyond.differential_privacy.accountant import (
    LARGEST_MU,
    load,
    noise_multiplier_for,
    signal_to_noise,
)
from support.argument_types import natural_int, positive_float
from support.command_line import Options, UserError


def privacy_options():
    """Return the options of a private federation; their check computes the noise for --target-epsilon."""
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
        help="compute Z so that --rounds rounds cost this epsilon (add or remove one client)",
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
        help="repeatable noise, for recordings only: who knows the seed can take the noise off",
    )
    return parser


def probability(text):
    """argparse type: a number between 0 and 1, both left out."""
    number = positive_float(text)
    if number >= 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not between 0 and 1")
    return number


def check_privacy(args):
    """Fill in --delta and --noise-multiplier. Raise UserError if they would promise nothing."""
    load()  # what is not installed is better missed now than in round 1
    if args.delta is None:
        args.delta = 0.1 / args.clients
    if args.delta >= 1 / args.clients:
        raise UserError(
            f"--delta {args.delta:g} is not below 1/{args.clients}: it would allow to publish one "
            "client's data; lower it"
        )
    if args.target_epsilon is not None:
        args.noise_multiplier = noise_multiplier_for(args.target_epsilon, args.rounds, args.delta)
        args.target_epsilon = (
            None  # from here on the noise says it, to server processes and in run.json
        )
    if signal_to_noise(args.noise_multiplier, args.rounds) > LARGEST_MU:
        lowest = math.sqrt(args.rounds) / LARGEST_MU
        raise UserError(
            f"--noise-multiplier {args.noise_multiplier:g} makes {args.rounds} rounds cost an epsilon "
            f"above 500, which promises nothing; give {lowest:.2g} or more"
        )
