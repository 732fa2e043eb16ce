"""The server of the federation: it never sees an image of a client, only weights, and averages them.

    python server.py                      # waits for ten clients, then runs ten rounds of FedAvg

Each round: send the global model to the clients, wait while they train, average what comes back, and
evaluate the result on test images that no client has. The record of the run goes to results/fedavg/.
"""

import support.environment  # noqa: F401, I001  before flwr: no telemetry, no proxy on loopback
import flwr as fl
import torch
from flwr.common import ndarrays_to_parameters
from flwr.server.strategy import FedAvg

from model import CNN, evaluate, get_weights, set_weights, to_tensors
from partition import PARTITIONS, load_partition, partition_settings
from support.certificates import check_listening, server_certificates
from support.client_evaluations import ClientEvaluations
from support.command_line import OneLineParser, run_command
from support.options import (
    common_options,
    enough_clients,
    fault_options,
    names_in,
    server_options,
    training_options,
)
from support.port import check_port_is_free
from support.recorded_strategy import RecordedStrategy
from support.roll_call import RollCall
from support.run_record import RunRecord
from support.stopping import StoppableServer
from support.strategies import check_strategy, other_strategy
from support.terminal import RoundReport, prepare_output


def centralized_evaluation(images, labels):
    """Return the function with which Flower tests the global model after every round."""
    model = CNN()
    images, labels = to_tensors(images, labels)

    def evaluate_global_model(server_round, weights, config):
        set_weights(model, weights)
        loss, accuracy = evaluate(model, images, labels)
        return loss, {"accuracy": accuracy}

    return evaluate_global_model


def make_strategy(args, model, test_images, test_labels):
    """Return the strategy: FedAvg, where a client weighs as much as it has images, or another."""
    common = {
        "initial_parameters": ndarrays_to_parameters(get_weights(model)),
        "fraction_fit": args.fraction_fit,
        "min_fit_clients": 1,
        "min_evaluate_clients": 1,
        "min_available_clients": enough_clients(args),
        "on_fit_config_fn": training_instructions(args),  # the `config` of fit()
        "fit_metrics_aggregation_fn": lambda metrics: {},  # clients report weights and a count, no more
        "evaluate_fn": centralized_evaluation(test_images, test_labels),
        "fraction_evaluate": 1.0 if args.client_evaluation else 0.0,
        "evaluate_metrics_aggregation_fn": lambda metrics: {},
    }
    if args.strategy == "FedAvg":
        return FedAvg(**common)
    return other_strategy(args, **common)


def training_instructions(args):
    """Return the function that says what travels to the clients with the weights of a round."""
    names = ("local_epochs", "batch_size", "learning_rate", "seed", "client_evaluation")
    return lambda server_round: {
        "server_round": server_round,
        **{name: getattr(args, name) for name in names},
    }


def open_record(args, model):
    """Return the record of a new run, or of an interrupted one, whose weights `model` then has."""
    settings = {**vars(args), "partitions": partition_settings()}
    record = RunRecord(args.run, settings, weight_names=list(model.state_dict()))
    same = ["clients", "seed", "partitions", *names_in(training_options())]
    weights = record.resume(must_match=same) if args.resume else None
    if weights is None:
        record.begin()
    else:
        set_weights(model, weights)
    return record


def serve(args, strategy, clients, certificates):
    """Run the rounds that are left, with whoever connects."""
    server = StoppableServer(client_manager=clients, strategy=strategy)
    server.set_max_workers(args.parallel_clients)
    rounds = args.rounds - strategy.rounds_before
    try:
        fl.server.start_server(
            server_address=args.address,
            server=server,
            config=fl.server.ServerConfig(num_rounds=rounds, round_timeout=args.round_timeout),
            certificates=certificates,
        )
    finally:
        clients.dismiss()


def main(arguments=None):
    """Run the command line described above."""
    parents = [common_options(), server_options(), training_options(), fault_options()]
    args = OneLineParser("server.py", __doc__, parents=parents).parse_args(arguments)
    prepare_output()
    check_strategy(args)
    check_listening(args.address, args.certificates, args.insecure)
    check_port_is_free(args.address)
    certificates = server_certificates(args.certificates)
    test_images, test_labels = load_partition(PARTITIONS / "test.npz")
    patience = args.patience or (30 if args.resume else None)
    clients = RollCall(args.clients, enough_clients(args), args.seed, patience)

    torch.manual_seed(args.seed)
    model = CNN()
    record = open_record(args, model)
    if record.last_round and record.last_round.round >= args.rounds:
        print(
            f"{args.run} has finished {record.last_round.round} rounds; ask for more with --rounds"
        )
        return
    strategy = make_strategy(args, model, test_images, test_labels)
    evaluations = ClientEvaluations(record.directory, record.last_round and record.last_round.round)
    with RoundReport(args.rounds) as report:
        strategy = RecordedStrategy(
            strategy, clients, record, report, args.max_examples_per_client, evaluations
        )
        serve(args, strategy, clients, certificates)
    print(f"The record of this run is in {record.directory}/")


if __name__ == "__main__":
    run_command(main, "server.py")
