"""A client's own account: what all training has told of its images, and how much it may tell in all.

A row is on disk before the weights of its round leave, so a round that is lost, or sent twice, counts. The
account belongs to the images and not to a run: another run on the same images goes on with it.
"""

from dataclasses import asdict

from beyond.example_privacy.accountant import Plan, noise_multiplier_for, spent_epsilon
from support.command_line import UserError
from support.tables import read_table, write_table

PLAN = {"sampling_rate": float, "noise_multiplier": float, "steps": int}
# Epsilon is what this row and all above it have spent; for adding or removing one image.
COLUMNS = {"round": int, **PLAN, "epsilon": float, "delta": float}


class Account:
    """The rows in the file `path`, or in memory if that is None. At `delta` they cost `epsilon` at the most.

    Raises UserError if the file is damaged.
    """

    def __init__(self, path, epsilon, delta):
        self.path = path
        self.epsilon = epsilon
        self.delta = delta
        self.rows = read_table(path, COLUMNS) if path and path.exists() else []
        self.noise_multiplier = None

    def plan(self, rate, steps, rounds):
        """Return the Plan of a round, so that `rounds` of them spend what is left.

        Raises UserError if nothing is left.
        """
        if self.noise_multiplier is None or self._with(rate, steps * rounds) > self.epsilon:
            what_is_left = self.epsilon, self.delta, rate, steps * rounds, self._plans()
            self.noise_multiplier = noise_multiplier_for(*what_is_left)
        if self.noise_multiplier is None:
            raise UserError(
                f"training has spent epsilon {self.rows[-1]['epsilon']:.4g} of {self.epsilon:g} on these "
                f"images ({self.path}); allow more with --target-epsilon, or train on other images"
            )
        return Plan(rate, self.noise_multiplier, steps)

    def spend(self, server_round, plan):
        """Write the row of a round before it begins; return epsilon with it.

        Raises RunError if the disk does not take it; then nothing may be sent.
        """
        epsilon = spent_epsilon([*self._plans(), plan], self.delta)
        row = {"round": server_round, **asdict(plan), "epsilon": epsilon, "delta": self.delta}
        self.rows.append(row)
        if self.path:
            write_table(self.path, COLUMNS, self.rows)
        return epsilon

    def _plans(self):
        return [Plan(**{name: row[name] for name in PLAN}) for row in self.rows]

    def _with(self, rate, steps):
        """Return epsilon with so many more steps of the same noise."""
        more = Plan(rate, self.noise_multiplier, steps)
        return spent_epsilon([*self._plans(), more], self.delta)
