"""client_accuracy.csv: how good the global model is for each client, on data of its own.

Clients are asked after a round is on record. A server that is killed in between and goes on with --resume
does not ask again: the file has no lines for that round.
"""

import statistics
from pathlib import Path

from support.identity import number_of, order_of
from support.signals import signals_deferred
from support.strategy_around import StrategyAround
from support.tables import read_table, write_table
from support.terminal import say

COLUMNS = {"round": int, "client": int, "examples": int, "accuracy": float}


class ClientAccuracy(StrategyAround):
    """Keeps what clients report of each round of `strategy` in `directory`/client_accuracy.csv.

    With `resume` the rows of earlier rounds stay. Raises UserError if the file is damaged.
    """

    def __init__(self, strategy, directory, resume=False):
        super().__init__(strategy)
        self.path = Path(directory, "client_accuracy.csv")
        self.rows = read_client_accuracies(directory) if resume and self.path.exists() else []

    def initialize_parameters(self, client_manager):
        """Pass on, and remove the file that an earlier run has left: a new run begins."""
        if not self.rows:
            self.path.unlink(missing_ok=True)
        return self.strategy.initialize_parameters(client_manager)

    def aggregate_evaluate(self, server_round, results, failures):
        """Keep what every client reports; return no loss and no metrics, because no one needs their mean.

        Reports that cannot be true are left out. Raises RunError if the file cannot be written.
        """
        results = sorted(results, key=lambda result: order_of(result[0]))
        reports = [
            (number_of(client), result.num_examples, result.metrics.get("accuracy"))
            for client, result in results
        ]
        sound = [report for report in reports if _is_sound(*report)]
        if sound:
            # A round that was not on record when the run was interrupted is done again.
            self.rows = [row for row in self.rows if row["round"] < server_round]
            self.rows += [
                dict(zip(COLUMNS, (server_round, *report), strict=True)) for report in sound
            ]
            self._write()
            say(f"Round {server_round:>2}: {_summary(sound)}")
        return None, {}

    def _write(self):
        with signals_deferred():
            write_table(self.path, COLUMNS, self.rows)


def _summary(reports):
    accuracies = [accuracy for _, _, accuracy in reports]
    worst, _, lowest = min(reports, key=lambda report: report[2])
    return (
        f"the model on {len(reports)} clients' own data: mean {statistics.mean(accuracies):.2%}, "
        f"worst {lowest:.2%} (client {worst}), "
        f"standard deviation {100 * statistics.pstdev(accuracies):.2f} points"
    )


def read_client_accuracies(directory):
    """Return the rows of `directory`/client_accuracy.csv as dicts of numbers.

    Raises UserError if a line of it is damaged.
    """
    path = Path(directory, "client_accuracy.csv")
    return read_table(path, COLUMNS, "remove it, or make the run again")


def _is_sound(client, examples, accuracy):
    is_fraction = isinstance(accuracy, float) and 0 <= accuracy <= 1  # NaN is none
    return client is not None and examples > 0 and is_fraction
