"""What this chapter adds to the server's command line: strategies and their options, C, tests by clients."""

from support.argument_types import decay, fraction, positive_float
from support.command_line import Options, UserError

# For each of Flower's strategies: our option (as in the command line's namespace), Flower's name for it, and
# our default. Adam's and Yogi's defaults are those of Reddi et al. 2021 (arXiv 2003.00295), section 5, except
# for the learning rate, which needs tuning.
ADAPTIVE = {
    "server_learning_rate": ("eta", 0.01),
    "beta_1": ("beta_1", 0.9),
    "beta_2": ("beta_2", 0.99),
    "tau": ("tau", 1e-3),
}
STRATEGIES = {
    "FedAvg": {},
    "FedAvgM": {
        "server_learning_rate": ("server_learning_rate", 1.0),
        "server_momentum": ("server_momentum", 0.9),
    },
    "FedProx": {"proximal_mu": ("proximal_mu", 0.1)},
    "FedAdam": ADAPTIVE,
    "FedYogi": ADAPTIVE,
}
STRATEGY_OPTIONS = sorted({option for taken in STRATEGIES.values() for option in taken})
STATELESS = ("FedAvg", "FedProx")  # all that they need is in the global model


def heterogeneity_options():
    """Return the options of the field's standard experiments: C, the strategy, and tests by clients."""
    parser = Options(check_strategy)
    add = parser.add_argument
    add(
        "--fraction-fit",
        type=fraction,
        default=1.0,
        help="the fraction of the clients that trains in a round",
    )
    add("--strategy", choices=STRATEGIES, default="FedAvg", help="how updates become one model")
    add("--proximal-mu", type=positive_float, help="FedProx: how strongly clients are held back")
    add("--server-learning-rate", type=positive_float, help="FedAvgM, FedAdam, FedYogi")
    add("--server-momentum", type=decay, help="FedAvgM")
    add("--beta-1", type=decay, help="FedAdam, FedYogi: memory of the direction")
    add("--beta-2", type=decay, help="FedAdam, FedYogi: memory of the size")
    add("--tau", type=positive_float, help="FedAdam, FedYogi: the larger, the less adaptive")
    add_client_evaluation(parser)
    return parser


def add_client_evaluation(parser):
    """Add the option that makes clients hold out images, for federations and for baselines alike."""
    parser.add_argument(
        "--client-evaluation",
        action="store_true",
        help="clients test on a tenth of their images, held out of training",
    )


def check_strategy(args):
    """Raise UserError if an option is given that the strategy does not take, or that cannot be resumed."""
    taken = STRATEGIES[args.strategy]
    for option in STRATEGY_OPTIONS:
        if getattr(args, option) is not None and option not in taken:
            raise UserError(f"{args.strategy} takes no --{option.replace('_', '-')}; leave it out")
    if args.resume and args.strategy not in STATELESS:
        raise UserError(
            f"{args.strategy} remembers earlier rounds, and that memory is not on disk; "
            "start again without --resume"
        )
