"""The server of the federation: it never sees an image of a client, only weights, and averages them.

    python server.py                      # waits for ten clients, then runs ten rounds of FedAvg

Each round: send the global model to the clients, wait while they train, average what comes back, and
evaluate the result on test images that no client has. The record of the run goes to results/fedavg/.
"""

import flwr as fl
import torch
from flwr.common import ndarrays_to_parameters
from flwr.server.strategy import FedAvg

from model import evaluate, get_weights, make_model, set_weights, to_tensors
from support.certificates import server_certificates
from support.command_line import parse_options, run_command
from support.options import server_options
from support.partitions import PARTITIONS, load_partition
from support.robust_server import robust_server


def centralized_evaluation(model, images, labels):
    """Return the function with which Flower tests the global model after every round."""
    images, labels = to_tensors(images, labels)

    def evaluate_global_model(server_round, weights, config):
        set_weights(model, weights)
        loss, accuracy = evaluate(model, images, labels)
        return loss, {"accuracy": accuracy}

    return evaluate_global_model


def training_instructions(args):
    """Return the function that says what travels to the clients with the weights of a round."""

    def instructions(server_round):
        return {
            "server_round": server_round,
            "local_epochs": args.local_epochs,
            "batch_size": args.batch_size,
            "learning_rate": args.learning_rate,
            "seed": args.seed,
        }

    return instructions


def make_strategy(args, model, images, labels):
    """Return the strategy: FedAvg, where a client weighs as much as it has images."""
    return FedAvg(
        initial_parameters=ndarrays_to_parameters(get_weights(model)),
        min_available_clients=args.min_clients,
        on_fit_config_fn=training_instructions(args),  # makes the `config` of fit()
        evaluate_fn=centralized_evaluation(model, images, labels),
        fraction_evaluate=0.0,  # clients train and do not test
    )


def serve(args, strategy, model):
    """Run the rounds with the clients that connect."""
    # Plain Flower has no `with` line, and gets strategy=strategy instead of server=server.
    with robust_server(args, strategy, model) as server:
        fl.server.start_server(
            server_address=args.address,
            server=server,
            config=fl.server.ServerConfig(num_rounds=args.rounds, round_timeout=args.round_timeout),
            certificates=server_certificates(args.certificates),
        )


def main(arguments=None, make_strategy=make_strategy, more_options=(), make_model=make_model):
    """Run the command line described above; chapters give the other arguments (see ARCHITECTURE.md)."""
    args = parse_options(arguments, [*server_options(), *more_options])
    torch.manual_seed(args.seed)  # the same seed, the same first weights
    model = make_model()
    images, labels = load_partition(PARTITIONS / "test.npz")
    serve(args, make_strategy(args, model, images, labels), model)


if __name__ == "__main__":
    run_command(main)
