"""The lesson in the Message API: what Flower tells newcomers to write, around the same FlowerClient.fit.

Components of a Flower app: server_app and client_app; beyond/simulation/messages.py runs them.

Messages carry records: arrays, metrics, config. No strategy has a method for results of `fit` any more, and
no client has a method: a function answers messages of one type.
"""

import time
from pathlib import Path

import torch
from flwr.app import ArrayRecord, ConfigRecord, Message, MetricRecord, RecordDict
from flwr.clientapp import ClientApp
from flwr.serverapp import ServerApp
from flwr.serverapp.strategy import FedAvg

from beyond.engine.node_client import PARTITION, partition_of
from beyond.engine.run_config import parse_run_config
from client import FlowerClient
from model import evaluate, get_weights, make_model, set_weights, to_tensors
from server import training_instructions
from support.command_line import RunError
from support.partitions import PARTITIONS, load_partition
from support.run_record import open_record
from support.tables import Round
from support.terminal import say

client_app = ClientApp()
server_app = ServerApp()


@client_app.train()
def train(message, context):
    """Answer a message that asks to train, by the lesson's fit."""
    number = partition_of(context.node_config)
    folder = Path(context.node_config.get("folder", PARTITIONS))
    torch.set_num_threads(1)
    client = FlowerClient(number, make_model(), *load_partition(folder / f"client_{number}.npz"))
    config = dict(message.content["config"])
    config["server_round"] = config["server-round"]  # FedAvg's name for it
    weights, count, metrics = client.fit(message.content["arrays"].to_numpy_ndarrays(), config)
    content = RecordDict(
        {
            "arrays": ArrayRecord(weights),
            "metrics": MetricRecord({"num-examples": count, **metrics}),
            "who": ConfigRecord({PARTITION: number}),
        }
    )
    return Message(content, reply_to=message)


class OrderedFedAvg(FedAvg):
    """Flower's FedAvg, to which replies come in the order of their partitions, whichever was first.

    Sums of floats depend on the order, so that two runs with one seed would differ.
    """

    updates = 0  # that were averaged, in all rounds together

    def aggregate_train(self, server_round, replies):
        """Return (ArrayRecord, MetricRecord), the averages of what the nodes have answered."""
        failed = [reply for reply in replies if reply.has_error()]
        answered = [reply for reply in replies if reply.has_content()]
        answered.sort(key=lambda reply: reply.content["who"][PARTITION])
        self.answered, self.failed = len(answered), len(failed)
        self.updates += len(answered)
        return super().aggregate_train(server_round, answered + failed)


class Evaluation:
    """Evaluates the global model after every round, and writes the round to `record`, a RunRecord."""

    def __init__(self, model, strategy, record):
        self.model = model
        self.strategy = strategy
        self.record = record
        self.images, self.labels = to_tensors(*load_partition(PARTITIONS / "test.npz"))
        self.begun = time.monotonic()

    def __call__(self, server_round, arrays):
        """Return the MetricRecord of round `server_round`; 0 is the untrained model."""
        set_weights(self.model, arrays.to_numpy_ndarrays())
        loss, accuracy = evaluate(self.model, self.images, self.labels)
        if server_round == 0:
            self.record.begin()
        row = self._row(server_round, loss, accuracy, sum(len(a.data) for a in arrays.values()))
        self.record.add_round(row, get_weights(self.model))
        say(
            f"Round {server_round:>2}: accuracy {accuracy:.2%}, loss {loss:.4f}, {row.seconds:.1f} s"
        )
        self.begun = time.monotonic()
        return MetricRecord({"loss": loss, "accuracy": accuracy})

    def _row(self, server_round, loss, accuracy, size):
        answered, failed = (
            (self.strategy.answered, self.strategy.failed) if server_round else (0, 0)
        )
        seconds = round(time.monotonic() - self.begun, 3)
        sent, received = size * (answered + failed), size * answered
        return Round(server_round, loss, accuracy, seconds, answered, failed, sent, received)


def serve(grid, args):
    """Run all rounds with the nodes of `grid`."""
    torch.manual_seed(args.seed)  # the same seed, the same first weights
    model = make_model()
    strategy = OrderedFedAvg(
        fraction_evaluate=0.0, min_train_nodes=args.min_clients, min_available_nodes=args.clients
    )
    with open_record(args, model.state_dict()) as record:
        strategy.start(
            grid,
            initial_arrays=ArrayRecord(get_weights(model)),
            num_rounds=args.rounds,
            timeout=args.round_timeout,
            train_config=instructions_for_all_rounds(args),
            evaluate_fn=Evaluation(model, strategy, record),
        )
    say_how_it_ended(strategy.updates, args.run)


def instructions_for_all_rounds(args):
    """Return what travels to the nodes with the weights: the lesson's instructions, as a ConfigRecord."""
    instructions = training_instructions(args)(server_round=0)
    del instructions["server_round"]  # FedAvg counts itself
    return ConfigRecord(instructions)


def say_how_it_ended(updates, run):
    """Say where the record is. Raises RunError if there were no updates in all rounds."""
    if updates == 0:
        raise RunError(f"no round had an update: the model in {run} is unchanged")
    say(f"The record of this run is in {run}/")


@server_app.main()
def main(grid, context):
    """Run the ServerApp."""
    say("Starting Flower ServerApp")  # from here on a simulation shows what is said
    serve(grid, parse_run_config(context.run_config))
