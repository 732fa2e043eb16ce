"""The points that measure.py measures: declared here, with the settings that search.py has chosen."""

import json
from dataclasses import dataclass
from pathlib import Path

# For each number of clients; those of a hundred and a thousand are Geyer et al.'s (2017).
DELTAS = {10: 1e-2, 100: 1e-3, 1000: 1e-5}
SCHEMES = ("shards", "iid")
EPSILONS = (1.0, 2.0, 4.0, 8.0)
CELLS = {
    10: 4,
    100: 7,
    1000: 7,
}  # few clients bear little noise, and so few weights: 1,290 or 3,930
SETTINGS = Path(__file__).with_name("recorded") / "price_settings.json"


@dataclass(frozen=True)
class Point:
    """One training. `privacy` is central or local."""

    network: str  # "edges" or "cnn"
    privacy: str
    clients: int
    scheme: str
    epsilon: float
    seed: int

    @property
    def delta(self):
        """The delta that goes with the number of clients."""
        return DELTAS[self.clients]

    @property
    def cells(self):
        """Into how many cells, squared, the small network cuts an image."""
        return CELLS[self.clients]

    @property
    def name(self):
        """What the progress bar calls it."""
        return f"{self.network}, {self.privacy}, {self.clients} clients, {self.scheme}, {self.epsilon:g}"

    def settings(self):
        """Return the chosen rounds, clip, learning_rate and what is kept of the rounds' models: a dict."""
        return json.loads(SETTINGS.read_text())[settings_key(self)]


def searched_epsilon(epsilon):
    """Return the epsilon at which settings were chosen for this one: 2 stands for 1, and 8 for 4."""
    return 2.0 if epsilon <= 2 else 8.0


def settings_key(point):
    """Return the name of the point's settings in price_settings.json."""
    epsilon = searched_epsilon(point.epsilon)
    return f"{point.network} {point.clients} {point.scheme} {epsilon:g}"


def grid(seeds):
    """Return all Points with the seeds 0 to `seeds` - 1."""
    points = []
    for clients in DELTAS:
        for seed in range(seeds):
            for scheme in SCHEMES:
                where = (clients, scheme)
                points += [Point("edges", "central", *where, epsilon, seed) for epsilon in EPSILONS]
                points.append(Point("edges", "local", *where, 8.0, seed))
            points.append(Point("cnn", "central", clients, "iid", 8.0, seed))
    return points
