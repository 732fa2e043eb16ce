"""privacy.csv: what private runs have spent, a row for every round that was sent out or released.

A row is on disk before the weights leave. A round that was sent, and then lost with a killed server, is sent
again when the run goes on: it has two rows, and both count. The rows of earlier runs in the same directory
stay, and count for as long as the clients have the same data.
"""

import math
from dataclasses import asdict, dataclass
from pathlib import Path

from beyond.differential_privacy.accountant import epsilon_of, noise_multiplier_for
from support.command_line import UserError
from support.signals import signals_deferred
from support.tables import columns_of, read_table, write_table
from support.terminal import say

SECRET, SEEDED = "secret", "seeded: no guarantee"  # noise, in privacy.csv


@dataclass(frozen=True)
class Spent:
    """One line of privacy.csv."""

    run: int  # counts the runs that were made in this directory
    partitions: str  # how the clients' data was dealt out
    round: int
    # Spent on these partitions by this line and all above it; add or remove one client.
    epsilon: float
    delta: float
    noise_multiplier: float
    clip: float  # the L2 length to which every update is cut
    clients_asked: int
    noise: str  # SECRET or SEEDED; one that can be drawn again takes epsilon to infinity


class PrivacyRecord:
    """Counts what a run spends, keeps it in privacy.csv, and says how much noise its rounds get.

    `args` are the options of a private server, `partitions` is what partition_settings() says of the data:
    as long as it is the same, so are the clients. Raises UserError if the file is damaged.
    """

    def __init__(self, args, partitions):
        self.args = args
        self.path = Path(args.run, "privacy.csv")
        self.partitions = _in_words(partitions)
        self.rows = read_privacy(args.run) if self.path.exists() else []
        self.run = self.rows[-1].run if self.rows else 1
        self.noise_multiplier = args.noise_multiplier  # None until --target-epsilon is divided

    def begin(self):
        """Begin a new run, before any weights have left, and say what earlier ones have spent.

        Raises UserError if nothing is left of --target-epsilon, RunError if the disk does not take it.
        """
        self._choose_noise(self.args.rounds)
        if self._account():
            say(f"{self.path} has earlier runs on these partitions, which count: {self._so_far()}")
        if self.rows:
            self.run += 1
        self._write()

    def spend(self, server_round, asked):
        """Count a round that is about to be sent to `asked` clients, and print what is spent by then.

        Returns the round's noise multiplier. Raises UserError if an earlier round is not on record, or
        nothing is left of --target-epsilon, RunError if the disk does not take it; then nothing may be sent.
        """
        self._check_that_all_is_known(server_round)
        self._choose_noise(self.args.rounds - server_round + 1)
        self.rows.append(self._row(server_round, asked))
        self._write()
        say(f"Round {server_round:>2}: {self._so_far()}")
        return self.noise_multiplier

    def _row(self, server_round, asked):
        mu = math.hypot(self._mu(), 1 / self.noise_multiplier)
        is_secret = self.args.noise_seed is None
        has_guarantee = is_secret and self._has_guarantee()
        return Spent(
            run=self.run,
            partitions=self.partitions,
            round=server_round,
            epsilon=epsilon_of(mu, self.args.delta) if has_guarantee else math.inf,
            delta=self.args.delta,
            noise_multiplier=self.noise_multiplier,
            clip=self.args.clip,
            clients_asked=asked,
            noise=SECRET if is_secret else SEEDED,
        )

    def _check_that_all_is_known(self, server_round):
        known = {row.round for row in self.rows if row.run == self.run}
        missing = set(range(1, server_round)) - known
        if missing or not self.path.exists():
            lost = f"has no round {min(missing)}" if missing else "is gone"
            raise UserError(
                f"{self.path} {lost}, so what was spent is not known; "
                "restore the file, or start again without --resume"
            )

    def _choose_noise(self, rounds):
        """Divide what is left of --target-epsilon among `rounds`, unless the noise is known."""
        if self.noise_multiplier is None:
            target, delta = self.args.target_epsilon, self.args.delta
            noise_multiplier = noise_multiplier_for(target, rounds, delta, self._mu())
            if math.isinf(noise_multiplier):
                raise UserError(
                    f"nothing is left of --target-epsilon {target:g} in {self.path}: {self._so_far()}; "
                    "keep the model that is there, or give a new run a higher one"
                )
            self.noise_multiplier = noise_multiplier

    def _account(self):
        """Return the rows that count: those of these partitions."""
        return [row for row in self.rows if row.partitions == self.partitions]

    def _mu(self):
        return math.hypot(*(1 / row.noise_multiplier for row in self._account()))

    def _has_guarantee(self):
        return all(row.noise == SECRET for row in self._account())

    def _so_far(self):
        """Say what is spent, at this run's delta, whatever that of earlier runs was."""
        spent = (
            f"epsilon {epsilon_of(self._mu(), self.args.delta):.4g} at delta {self.args.delta:g}"
        )
        if self._has_guarantee():
            return f"{spent} is spent by now (add or remove one client)"
        return f"no guarantee: noise with a --noise-seed can be drawn again (if it were secret: {spent})"

    def _write(self):
        with signals_deferred():
            write_table(self.path, columns_of(Spent), map(asdict, self.rows))


def _in_words(partitions):
    """Return what privacy.csv calls the partitions: "clients 10 scheme iid seed 0"."""
    if partitions is None:
        return "not made by partition.py"
    return " ".join(f"{name} {value}" for name, value in partitions.items())


def read_privacy(directory, name="privacy.csv"):
    """Return the rows of the file `name` in `directory` as a list of Spent. Raises UserError on damage."""
    path = Path(directory, name)
    rows = read_table(path, columns_of(Spent), "restore it, or choose another --run")
    return [Spent(**row) for row in rows]
