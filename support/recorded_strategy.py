"""A strategy around a strategy that records and reports every round, and nothing else."""

from support.command_line import RunError, UserError
from support.failures import explain
from support.history import Round
from support.partitions import PARTITIONS
from support.sound_updates import AVERAGED
from support.strategy_around import StrategyAround
from support.watched_strategy import payload_bytes

import time

from flwr.common import parameters_to_ndarrays


class RecordedStrategy(StrategyAround):
    """Writes each round of `strategy` to `record`, a RunRecord, and shows it on `report`, a RoundReport.

    Only ResumedStrategy is around it: the clock runs from its configure_fit to the end of its evaluate.
    """

    def __init__(self, strategy, record, report):
        super().__init__(strategy)
        self.record = record
        self.report = report
        self.updates = 0  # that were averaged, in all rounds together
        self._start_counting()

    def configure_fit(self, server_round, parameters, client_manager):
        """Start the round's clock, pass on, and count what is sent."""
        self._start_counting()
        self.report.round_started(server_round)
        instructions = super().configure_fit(server_round, parameters, client_manager)
        self.asked = len(instructions)
        self.bytes_sent = sum(payload_bytes(fit.parameters) for _, fit in instructions)
        return instructions

    def aggregate_fit(self, server_round, results, failures):
        """Count what has come, and pass on."""
        self.bytes_received = sum(payload_bytes(fit.parameters) for _, fit in results)
        parameters, metrics = super().aggregate_fit(server_round, results, failures)
        self.averaged = metrics.get(AVERAGED, len(results))
        self.updates += self.averaged
        return parameters, {name: metrics[name] for name in metrics if name != AVERAGED}

    def evaluate(self, server_round, parameters):
        """Evaluate the global model, then record and report the round that ends with this.

        Round 0, the untrained model, begins the record. Raises UserError if that model cannot be tested,
        RunError if a later one cannot.
        """
        loss, metrics = self._evaluated(server_round, parameters)
        if server_round == 0:
            self.record.begin()
        row = Round(
            round=server_round,
            loss=loss,
            accuracy=metrics["accuracy"],
            seconds=round(time.monotonic() - self.begun, 3),
            clients=self.averaged,
            failures=self.asked - self.averaged,
            bytes_sent=self.bytes_sent,
            bytes_received=self.bytes_received,
        )
        self.record.add_round(row, parameters_to_ndarrays(parameters))
        self.report.round_finished(row)
        return loss, metrics

    def _evaluated(self, server_round, parameters):
        try:
            return super().evaluate(server_round, parameters)
        except (UserError, RunError, BrokenPipeError):
            raise
        except Exception as error:  # a network of the reader's own may raise anything
            kind = UserError if server_round == 0 else RunError
            raise kind(explain(f"be tested on {PARTITIONS}/test.npz", error)) from error

    def _start_counting(self):
        self.begun = time.monotonic()
        self.asked = self.averaged = self.bytes_sent = self.bytes_received = 0
