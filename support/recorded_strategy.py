"""A strategy around a strategy: Flower averages; this gathers, checks, orders, counts and records."""

import time

import numpy as np
from flwr.common import ndarrays_to_parameters, parameters_to_ndarrays
from flwr.server.strategy import Strategy

from support.command_line import RunError
from support.history import Round
from support.terminal import say
from support.update_checks import find_fault


class RecordedStrategy(Strategy):
    """Asks `strategy` for every decision, lets only sound updates reach it, and records each round.

    `clients` is the RollCall, `record` the RunRecord, `report` the RoundReport, `max_examples` the most
    that one client may claim. When an interrupted run goes on, Flower counts its rounds from 1 again, and
    this adds those that were done before.

    `evaluations` is where clients' own evaluations go, a ClientEvaluations.
    """

    def __init__(self, strategy, clients, record, report, max_examples, evaluations=None):
        self.strategy = strategy
        self.clients = clients
        self.record = record
        self.report = report
        self.max_examples = max_examples
        self.evaluations = evaluations
        self.last_round = record.last_round
        self.rounds_before = self.last_round.round if self.last_round else 0
        self.averages = 0  # made so far; rounds without a sound update make none
        self._start_counting()

    def initialize_parameters(self, client_manager):
        """Pass on: which weights come first."""
        return self.strategy.initialize_parameters(client_manager)

    def configure_fit(self, server_round, parameters, client_manager):
        """Gather clients, then pass on: who trains. The round's clock starts when they are there."""
        number = self.rounds_before + server_round
        self.clients.gather(number, first_round=server_round == 1)
        self._start_counting()
        self.report.round_started(number)
        instructions = self.strategy.configure_fit(number, parameters, client_manager)
        self.asked = [client for client, _ in instructions]
        self.sent_weights = parameters_to_ndarrays(parameters)
        self.bytes_sent = sum(_payload_bytes(fit.parameters) for _, fit in instructions)
        return instructions

    def aggregate_fit(self, server_round, results, failures):
        """Check the updates and put them in order, then pass on: how they become one model.

        The order matters: sums of floats depend on it, and clients answer in a different one every time.
        """
        number = self.rounds_before + server_round
        self.bytes_received = sum(_payload_bytes(fit.parameters) for _, fit in results)
        answered = {client.cid for client, _ in results}
        for client in self.asked:
            if client.cid not in answered:
                say(f"Round {number}: no update from {self.clients.name(client)}")
        sound = [result for result in results if self._is_sound(number, *result)]
        sound.sort(key=lambda result: self.clients.order(result[0]))
        self.averaged, self.failed = len(sound), len(self.asked) - len(sound)
        if not sound:  # the model stays as it is, and a strategy's memory, too
            return None, {}
        # Flower's strategies with a memory take "round 1" for their first average.
        self.averages += 1
        parameters, metrics = self.strategy.aggregate_fit(self.averages, sound, failures)
        return self._in_the_models_types(number, parameters), metrics

    def configure_evaluate(self, server_round, parameters, client_manager):
        """Pass on: who evaluates."""
        number = self.rounds_before + server_round
        return self.strategy.configure_evaluate(number, parameters, client_manager)

    def aggregate_evaluate(self, server_round, results, failures):
        """Keep what every client reports, then pass on: how their evaluations become one."""
        number = self.rounds_before + server_round
        reports = [
            (self.clients.numbers[client.cid], result.num_examples, result.metrics.get("accuracy"))
            for client, result in sorted(results, key=lambda result: self.clients.order(result[0]))
        ]
        summary = self.evaluations.add_round(number, reports)
        if summary:
            say(f"Round {number:>2} of {self.report.rounds}: {summary}")
        return None, {}

    def evaluate(self, server_round, parameters):
        """Evaluate the global model, then record and report the round that ends with this."""
        if server_round == 0 and self.last_round:
            return self.last_round.loss, {"accuracy": self.last_round.accuracy}
        number = self.rounds_before + server_round
        loss, metrics = self.strategy.evaluate(number, parameters)
        row = Round(
            round=number,
            loss=loss,
            accuracy=metrics["accuracy"],
            seconds=round(time.monotonic() - self.begun, 3),
            clients=self.averaged,
            failures=self.failed,
            bytes_sent=self.bytes_sent,
            bytes_received=self.bytes_received,
        )
        self.record.add_round(row, parameters_to_ndarrays(parameters))
        self.report.round_finished(row)
        return loss, metrics

    def _in_the_models_types(self, number, parameters):
        """Return `parameters` with the dtypes that were sent: some strategies average in float64.

        Raises RunError if the strategy's step has led to weights that are no numbers.
        """
        pairs = zip(parameters_to_ndarrays(parameters), self.sent_weights, strict=True)
        with np.errstate(over="ignore"):
            weights = [array.astype(sent.dtype) for array, sent in pairs]
        if not all(np.isfinite(array).all() for array in weights):
            raise RunError(
                f"round {number} made weights that are NaN or infinite; try a smaller learning rate"
            )
        return ndarrays_to_parameters(weights)

    def _start_counting(self):
        self.begun = time.monotonic()
        self.averaged = self.failed = self.bytes_sent = self.bytes_received = 0

    def _is_sound(self, number, client, fit_result):
        fault = find_fault(fit_result, self.sent_weights, self.max_examples)
        if fault:
            say(f"Round {number}: left out the update from {self.clients.name(client)}: it {fault}")
        return not fault


def _payload_bytes(parameters):
    """Return the size in bytes of serialized weights, as gRPC carries them."""
    return sum(len(tensor) for tensor in parameters.tensors)
