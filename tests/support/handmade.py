"""Handmade clients in this process, for a server, a strategy and a record that are real."""

import flwr as fl
import numpy as np
from flwr.common import (
    Code,
    DisconnectRes,
    FitRes,
    GetPropertiesRes,
    Status,
    ndarrays_to_parameters,
)
from flwr.server.superlink.fleet.grpc_bidi.grpc_bridge import GrpcBridge
from flwr.server.superlink.fleet.grpc_bidi.grpc_client_proxy import GrpcClientProxy

import server
from model import CNN, get_weights
from support.recorded_strategy import RecordedStrategy
from support.tables import read_history
from tests.support.ports import idle_address

OK = Status(Code.OK, "")
SHAPES = [weight.shape for weight in get_weights(CNN())]
COUNTS = (700, 1, 4321)


def weights_of(number):
    """Return weights that no other `number` has."""
    rng = np.random.default_rng(number)
    return [rng.uniform(-0.1, 0.1, shape).astype(np.float32) for shape in SHAPES]


class HandmadeClient(GrpcClientProxy):
    """A client as the server sees it, which always sends the same update."""

    def __init__(self, number, weights, count):
        super().__init__(f"connection-{number}", GrpcBridge())
        self.number = number
        self.update = FitRes(OK, ndarrays_to_parameters(weights), count, {"train_loss": 1.0})

    def get_properties(self, ins, timeout, group_id):
        return GetPropertiesRes(OK, {"partition_id": self.number})

    def fit(self, ins, timeout, group_id):
        return self.update

    def reconnect(self, ins, timeout, group_id):
        return DisconnectRes("")

    get_parameters = evaluate = None  # the server has weights of its own, and evaluates them


class SilentClient(HandmadeClient):
    """A client whose connection breaks when it is asked to train."""

    def fit(self, ins, timeout, group_id):
        raise ConnectionError("gone")


def three_clients():
    """Return clients with updates and image counts of their own."""
    return [
        HandmadeClient(number, weights_of(number), count) for number, count in enumerate(COUNTS)
    ]


AGGREGATE_FIT = RecordedStrategy.aggregate_fit


def run_server(monkeypatch, clients, order=None, rounds=1, words=(), main=server.main):
    """Run server.py for these clients, in this directory; return the global weights and the history.

    `order` is that of client numbers in which their answers reach the strategy, `main` a chapter's server.
    """

    def start_server(server, config, **_):
        for client in clients:
            server.client_manager().register(client)
        server.fit(num_rounds=config.num_rounds, timeout=None)

    def aggregate_in_order(self, server_round, results, failures):
        if order is not None:
            results = sorted(results, key=lambda result: order.index(result[0].number))
        return AGGREGATE_FIT(self, server_round, results, failures)

    monkeypatch.setattr(fl.server, "start_server", start_server)
    monkeypatch.setattr(RecordedStrategy, "aggregate_fit", aggregate_in_order)
    common = ["--clients", len(clients), "--rounds", rounds, "--run", "run"]
    main(list(map(str, [*common, "--address", idle_address(), *words])))
    with np.load("run/global_model.npz") as file:
        return list(file.values()), read_history("run")
