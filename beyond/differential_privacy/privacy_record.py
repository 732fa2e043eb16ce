"""privacy.csv: what a private run has spent, a row for every time that weights were sent out to train.

A row is on disk before the weights leave. A round that was sent, and then lost with a killed server, is sent
again when the run goes on: it has two rows, and both count.
"""

from dataclasses import asdict, dataclass
from pathlib import Path

from beyond.differential_privacy.accountant import spent_epsilon
from support.command_line import UserError
from support.signals import signals_deferred
from support.tables import columns_of, read_table, write_table
from support.terminal import say


@dataclass(frozen=True)
class Spent:
    """One line of privacy.csv."""

    round: int
    epsilon: float  # spent by this line and all above it; for adding or removing one client
    delta: float
    noise_multiplier: float
    clip: float  # the L2 length to which every update is cut
    clients_asked: int


class PrivacyRecord:
    """Counts what a run spends and keeps it in `directory`/privacy.csv.

    With `resume` what was spent before stays. Raises UserError if the file is damaged.
    """

    def __init__(self, directory, noise_multiplier, clip, delta, resume=False):
        self.path = Path(directory, "privacy.csv")
        self.noise_multiplier = noise_multiplier
        self.clip = clip
        self.delta = delta
        self.rows = read_privacy(directory) if resume and self.path.exists() else []

    def begin(self):
        """Start from nothing, before any weights have left. Raises RunError if the disk does not take it."""
        self.rows = []
        self._write()

    def spend(self, server_round, asked):
        """Count a round that is about to be sent to `asked` clients, and print what is spent by then.

        Raises UserError if an earlier round is not on record, RunError if the disk does not take it; then
        nothing may be sent.
        """
        missing = set(range(1, server_round)) - {row.round for row in self.rows}
        if missing or not self.path.exists():
            lost = f"has no round {min(missing)}" if missing else "is gone"
            raise UserError(
                f"{self.path} {lost}, so what was spent is not known; "
                "restore the file, or start again without --resume"
            )
        epsilon = spent_epsilon(self.noise_multiplier, len(self.rows) + 1, self.delta)
        known = (self.delta, self.noise_multiplier, self.clip)
        self.rows.append(Spent(server_round, epsilon, *known, asked))
        self._write()
        say(
            f"Round {server_round:>2}: epsilon {epsilon:.4g} at delta {self.delta:g} is spent with it "
            "(add or remove one client)"
        )

    def _write(self):
        with signals_deferred():
            write_table(self.path, columns_of(Spent), map(asdict, self.rows))


def read_privacy(directory, name="privacy.csv"):
    """Return the rows of the file `name` in `directory` as a list of Spent. Raises UserError on damage."""
    path = Path(directory, name)
    rows = read_table(path, columns_of(Spent), "restore it, or start again without --resume")
    return [Spent(**row) for row in rows]
