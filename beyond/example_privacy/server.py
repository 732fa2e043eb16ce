"""server.py that says how many rounds there will be, so that clients can divide their epsilon among them.

python -m beyond.example_privacy.server --rounds 40 --local-steps 4 --batch-size 256 --learning-rate 4

It is the lesson's server otherwise, and privacy does not rest on it: a client adds the noise, and counts.
"""

import server
from support.argument_types import positive_int
from support.command_line import Options, run_command


def local_step_options():
    """Return the option with which a round is shorter than an epoch, a parent for argparse."""
    parser = Options()
    parser.add_argument(
        "--local-steps",
        type=positive_int,
        help="steps of a client in a round (default: as many as make --local-epochs)",
    )
    return parser


def make_strategy(args, model, images, labels):
    """Return the lesson's strategy; clients are told the number of rounds, and of steps, as well."""
    fedavg = server.make_strategy(args, model, images, labels)
    instructions = fedavg.on_fit_config_fn
    more = {"rounds": args.rounds, "local_steps": args.local_steps or 0}
    fedavg.on_fit_config_fn = lambda server_round: {**instructions(server_round), **more}
    return fedavg


def main(arguments=None):
    """Run the command line of server.py."""
    server.main(arguments, make_strategy, [local_step_options()])


if __name__ == "__main__":
    run_command(main)
