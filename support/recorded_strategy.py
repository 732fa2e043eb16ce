"""A strategy around a strategy that records, reports and tells every round, and goes on with a run."""

import math
import time

from flwr.common import Parameters, ndarrays_to_parameters, parameters_to_ndarrays

from support.command_line import RunError, UserError
from support.events import tell_nothing
from support.failures import explain
from support.identity import FAILURE, number_of, reason_in, who
from support.partitions import PARTITIONS
from support.sound_updates import AVERAGED
from support.strategy_around import StrategyAround
from support.tables import Round

SHOWN = 9  # weights that an event tells, for a picture of what travels


class RecordedStrategy(StrategyAround):
    """Writes each round of `strategy` to `record`, a RunRecord, and shows it on `report`, a RoundReport.

    It is the outermost: its clock runs from configure_fit to the end of evaluate. `events`, an EventLog, is
    told what is sent to whom, what comes back, and what becomes of it. Flower counts rounds from 1 again when
    a run goes on: `rounds_before` are those that are on record already.
    """

    def __init__(self, strategy, record, report, events):
        super().__init__(strategy)
        self.record = record
        self.report = report
        self.events = events
        self.tell = events.tell
        self.rounds_before = record.last_round.round if record.last_round else 0
        self.updates = 0  # that were averaged, in all rounds together
        self._start_counting()

    def initialize_parameters(self, client_manager):
        """Return the last global model on record, or pass on."""
        first = self.strategy.initialize_parameters(client_manager)
        return ndarrays_to_parameters(self.record.weights) if self.record.last_round else first

    def configure_fit(self, server_round, parameters, client_manager):
        """Start the round's clock, pass on, count what is sent, and watch every client that is asked."""
        self._start_counting()
        self.report.round_started(server_round)
        instructions = self.strategy.configure_fit(server_round, parameters, client_manager)
        self.asked = len(instructions)
        self.counts["bytes_sent"] = sum(payload_bytes(fit.parameters) for _, fit in instructions)
        asked = [number_of(client) for client, _ in instructions]
        self.tell("round", round=server_round, asked=asked, weights=some_weights(parameters))
        # How long a client takes says how much data it has.
        tell = tell_nothing if self.is_private else self.tell
        return [(WatchedClient(one, tell, server_round), fit) for one, fit in instructions]

    def aggregate_fit(self, server_round, results, failures):
        """Count what has come, pass on, and tell how many updates were averaged."""
        received = sum(payload_bytes(fit.parameters) for _, fit in results)
        results = [(_unwatched(client), fit) for client, fit in results]
        parameters, metrics = self.strategy.aggregate_fit(server_round, results, failures)
        averaged = metrics.pop(AVERAGED, len(results))
        self.updates += averaged
        silent = self.asked - averaged
        self.counts.update(clients=averaged, failures=silent, bytes_received=received)
        new = some_weights(parameters) if parameters else []  # none if the model stays as it was
        self.tell("averaged", round=server_round, clients=averaged, weights=new)
        return parameters, metrics

    def evaluate(self, server_round, parameters):
        """Evaluate the global model, then record and report the round that ends with this.

        `server_round` is Flower's count. Round 0, the untrained model, begins the record; what is on record
        already is not evaluated again. Raises UserError if the untrained model cannot be tested, RunError if
        a later one cannot.
        """
        last = self.record.last_round
        if server_round == 0 and last:
            return last.loss, {"accuracy": last.accuracy}
        number = self.rounds_before + server_round
        loss, metrics = self._evaluated(number, parameters)
        if number == 0:
            self.record.begin()
        seconds = round(time.monotonic() - self.begun, 3)
        row = Round(number, loss, metrics["accuracy"], seconds, **self.counts)
        self.record.add_round(row, parameters_to_ndarrays(parameters))
        self.events.round_finished(row)
        self.report.round_finished(row)
        return loss, metrics

    def _evaluated(self, number, parameters):
        try:
            return self.strategy.evaluate(number, parameters)
        except (UserError, RunError, BrokenPipeError):
            raise
        except Exception as error:  # a network of the reader's own may raise anything
            kind = UserError if number == 0 else RunError
            raise kind(explain(f"be tested on {PARTITIONS}/test.npz", error)) from error

    def _start_counting(self):
        self.begun = time.monotonic()
        self.counts = {"clients": 0, "failures": 0, "bytes_sent": 0, "bytes_received": 0}


class WatchedClient:
    """A ClientProxy that also tells when weights are sent to it, and when its update has come."""

    def __init__(self, client, tell, server_round):
        self.client = client
        self.tell = tell
        self.server_round = server_round

    def __getattr__(self, name):
        return getattr(self.client, name)

    def fit(self, ins, timeout, group_id):
        """Send weights and wait for the update; keep why there is none, if the client says that."""
        common = {"round": self.server_round, **who(self.client)}
        began = time.monotonic()
        self.tell("sent", **common, bytes=payload_bytes(ins.parameters))
        self.properties[FAILURE] = ""
        try:
            answer = self.client.fit(ins, timeout=timeout, group_id=group_id)
        except Exception as error:
            self.properties[FAILURE] = reason_in(error) or ""
            raise
        self.tell(
            "received",
            **common,
            bytes=payload_bytes(answer.parameters),
            took=round(time.monotonic() - began, 3),
            images=answer.num_examples,
            weights=some_weights(answer.parameters),
        )
        return answer


def _unwatched(client):
    return client.client if isinstance(client, WatchedClient) else client


def payload_bytes(parameters):
    """Return the size in bytes of serialized weights, as gRPC carries them."""
    return sum(len(tensor) for tensor in parameters.tensors)


def some_weights(parameters):
    """Return the first weights of serialized ones, as numbers with four decimals; None for one that is none.

    Returns an empty list if the bytes, which may be a stranger's, cannot be decoded.
    """
    try:
        (array,) = parameters_to_ndarrays(
            Parameters(parameters.tensors[:1], parameters.tensor_type)
        )
        first = array.ravel()[:SHOWN].astype(float).tolist()
    except Exception:
        return []
    return [round(weight, 4) if math.isfinite(weight) else None for weight in first]
