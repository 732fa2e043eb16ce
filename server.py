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
from partition import PARTITIONS, load_partition
from support.command_line import OneLineParser, run_command
from support.options import common_options, server_options
from support.port import check_port_is_free
from support.recorded_strategy import RecordedStrategy
from support.roll_call import RollCall
from support.run_record import RunRecord
from support.terminal import RoundReport, prepare_output


def centralized_evaluation(model, images, labels):
    """Return the function with which Flower tests the global model after every round."""
    images, labels = to_tensors(images, labels)

    def evaluate_global_model(server_round, weights, config):
        set_weights(model, weights)
        loss, accuracy = evaluate(model, images, labels)
        return loss, {"accuracy": accuracy}

    return evaluate_global_model


def average_train_loss(results):
    """Average the clients' training losses, weighted like their weights; `results`: [(n, metrics), ...]."""
    total = sum(num_examples for num_examples, _ in results)
    return {"train_loss": sum(n * metrics["train_loss"] for n, metrics in results) / total}


def make_strategy(args, model, test_images, test_labels):
    """Return FedAvg: every client, every round, weighted by the number of its images."""
    return FedAvg(
        initial_parameters=ndarrays_to_parameters(get_weights(model)),
        min_fit_clients=args.clients,
        min_available_clients=args.clients,
        on_fit_config_fn=lambda server_round: {
            "server_round": server_round,
            "local_epochs": args.local_epochs,
            "seed": args.seed,
        },
        fit_metrics_aggregation_fn=average_train_loss,
        evaluate_fn=centralized_evaluation(model, test_images, test_labels),
        fraction_evaluate=0.0,  # the clients only train; the server evaluates
    )


def main(arguments=None):
    """Run the command line described above."""
    parser = OneLineParser("server.py", __doc__, parents=[common_options(), server_options()])
    args = parser.parse_args(arguments)
    prepare_output()
    check_port_is_free(args.address)
    test_images, test_labels = load_partition(PARTITIONS / "test.npz")
    torch.manual_seed(args.seed)
    model = CNN()
    record = RunRecord(args.run, settings=vars(args), weight_names=list(model.state_dict()))
    clients = RollCall(expected=args.clients, seed=args.seed)
    strategy = make_strategy(args, model, test_images, test_labels)

    with RoundReport(args.rounds) as report:
        server = fl.server.Server(
            client_manager=clients,
            strategy=RecordedStrategy(strategy, clients.partition_id, record, report),
        )
        server.set_max_workers(args.parallel_clients)
        fl.server.start_server(
            server_address=args.address,
            server=server,
            config=fl.server.ServerConfig(num_rounds=args.rounds),
        )
    print(f"The record of this run is in {record.directory}/")


if __name__ == "__main__":
    run_command(main, "server.py")
