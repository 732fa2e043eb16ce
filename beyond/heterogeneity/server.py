"""server.py with more options: other strategies, a fraction of the clients in a round, tests by clients.

python -m beyond.heterogeneity.server --strategy FedProx --proximal-mu 0.01
"""

import server
from beyond.heterogeneity.client_accuracy import ClientAccuracy
from beyond.heterogeneity.options import heterogeneity_options
from beyond.heterogeneity.strategies import chosen_strategy
from model import make_model
from support.command_line import run_command


def make_strategy(args, model, images, labels):
    """Return the lesson's strategy, or another, with C and client evaluation as `args` say."""
    fedavg = server.make_strategy(args, model, images, labels)
    fedavg.fraction_fit = args.fraction_fit
    fedavg.min_fit_clients = fedavg.min_evaluate_clients = 1
    fedavg.fraction_evaluate = 1.0 if args.client_evaluation else 0.0
    instructions = fedavg.on_fit_config_fn
    fedavg.on_fit_config_fn = lambda server_round: {
        **instructions(server_round),
        "client_evaluation": args.client_evaluation,
    }
    return ClientAccuracy(chosen_strategy(args, fedavg), args.run, args.resume)


def main(arguments=None, make_strategy=make_strategy, more_options=(), make_model=make_model):
    """Run the command line described above."""
    server.main(arguments, make_strategy, [heterogeneity_options(), *more_options], make_model)


if __name__ == "__main__":
    run_command(main)
