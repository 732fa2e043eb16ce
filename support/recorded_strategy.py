"""A strategy around a strategy: Flower does the averaging, this the order, counts and record."""

import time

from flwr.common import parameters_to_ndarrays
from flwr.server.strategy import Strategy

from support.run_record import Round


class RecordedStrategy(Strategy):
    """Calls `strategy` for every decision and writes down what each round did.

    `sort_key(client)` puts results in a fixed order before they are averaged: sums of floats depend on
    their order, and clients answer in a different one every time.
    """

    def __init__(self, strategy, sort_key, record, report):
        self.strategy = strategy
        self.sort_key = sort_key
        self.record = record
        self.report = report
        self._begin_round()

    def initialize_parameters(self, client_manager):
        """Pass on: who provides the first weights."""
        return self.strategy.initialize_parameters(client_manager)

    def configure_fit(self, server_round, parameters, client_manager):
        """Pass on: who trains. The round's clock starts when enough clients are there."""
        instructions = self.strategy.configure_fit(server_round, parameters, client_manager)
        self._begin_round()
        self.report.round_started(server_round)
        self.bytes_sent = sum(_payload_bytes(fit.parameters) for _, fit in instructions)
        return instructions

    def aggregate_fit(self, server_round, results, failures):
        """Pass on: how updates become one model, after sorting and counting them."""
        results = sorted(results, key=lambda result: self.sort_key(result[0]))
        self.clients, self.failures = len(results), len(failures)
        self.bytes_received = sum(_payload_bytes(fit.parameters) for _, fit in results)
        return self.strategy.aggregate_fit(server_round, results, failures)

    def configure_evaluate(self, server_round, parameters, client_manager):
        """Pass on: who evaluates."""
        return self.strategy.configure_evaluate(server_round, parameters, client_manager)

    def aggregate_evaluate(self, server_round, results, failures):
        """Pass on: how the clients' evaluations become one."""
        return self.strategy.aggregate_evaluate(server_round, results, failures)

    def evaluate(self, server_round, parameters):
        """Evaluate the global model, then record and report the round that ends with this."""
        loss, metrics = self.strategy.evaluate(server_round, parameters)
        row = Round(
            round=server_round,
            loss=loss,
            accuracy=metrics["accuracy"],
            seconds=round(time.monotonic() - self.begun, 3),
            clients=self.clients,
            failures=self.failures,
            bytes_sent=self.bytes_sent,
            bytes_received=self.bytes_received,
        )
        self.record.add_round(row, parameters_to_ndarrays(parameters))
        self.report.round_finished(row)
        return loss, metrics

    def _begin_round(self):
        self.begun = time.monotonic()
        self.clients = self.failures = self.bytes_sent = self.bytes_received = 0


def _payload_bytes(parameters):
    """Return the size in bytes of serialized weights, as gRPC carries them."""
    return sum(len(tensor) for tensor in parameters.tensors)
