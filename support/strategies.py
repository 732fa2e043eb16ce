"""Flower's other strategies by name, with the options that each of them takes."""

import importlib

from support.command_line import UserError

# For each of Flower's strategies: our option (as in the command line's namespace), Flower's name for it, and
# our default. Adam's and Yogi's defaults are those of Reddi et al. 2021
# (arXiv 2003.00295), section 5, except for the learning rate, which is theirs to be tuned.
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
OPTIONS = sorted({option for taken in STRATEGIES.values() for option in taken})
STATELESS = ("FedAvg", "FedProx")  # what they need to know lies in the global model


def check_strategy(args):
    """Raise UserError if an option is given that the strategy does not take, or that cannot be resumed."""
    taken = STRATEGIES[args.strategy]
    for option in OPTIONS:
        if getattr(args, option) is not None and option not in taken:
            raise UserError(f"{args.strategy} takes no --{option.replace('_', '-')}; leave it out")
    if args.resume and args.strategy not in STATELESS:
        raise UserError(
            f"{args.strategy} remembers earlier rounds, and that memory is not on disk; "
            "start again without --resume"
        )


def other_strategy(args, **common):
    """Return the strategy that `args` names, made with `common` and its own options."""
    strategies = importlib.import_module(
        "flwr.server.strategy"
    )  # slow, and federation.py only checks
    own = {}
    for option, (name, default) in STRATEGIES[args.strategy].items():
        given = getattr(args, option)
        own[name] = default if given is None else given
    return getattr(strategies, args.strategy)(**common, **own)
