"""The points that measure.py measures: declared here, with the settings that search.py has chosen."""

import json
import math
from dataclasses import dataclass
from pathlib import Path

# For each number of clients; those of a hundred and a thousand are Geyer et al.'s (2017).
DELTAS = {10: 1e-2, 100: 1e-3, 1000: 1e-5}
SCHEMES = ("shards", "iid")
EPSILONS = (1.0, 2.0, 4.0, 8.0)
# Where settings were chosen, for each number of clients; the others have those of the next one.
SEARCHED = {10: (1.0, 2.0, 8.0), 100: (1.0, 2.0, 8.0), 1000: (2.0, 8.0)}
# Few clients bear little noise, and so few weights: 1,290 or 3,930.
CELLS = {10: 4, 100: 7, 1000: 7}
# How many seeds are asked for: with ten clients the edges scatter, and take a second each.
SEEDS = {"edges": {10: 10, 100: 3, 1000: 3}, "cnn": {10: 3, 100: 3, 1000: 3}}
SETTINGS = Path(__file__).with_name("recorded") / "price_settings.json"


@dataclass(frozen=True)
class Point:
    """One training.

    `privacy` is central (noise on the sum), local (noise at every client) or none. `epsilon` is what it
    spends; without noise it says whose settings these are, and infinity is those of 8 without the clip.
    """

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
        key = settings_key(self.network, self.clients, self.scheme, self.epsilon)
        chosen = json.loads(SETTINGS.read_text(encoding="utf-8"))[key]
        return chosen | ({"clip": math.inf} if self.epsilon == math.inf else {})


def searched_epsilon(clients, epsilon):
    """Return the epsilon at which settings were chosen for this one."""
    return min((known for known in SEARCHED[clients] if known >= epsilon), default=8.0)


def settings_key(network, clients, scheme, epsilon):
    """Return the name of a point's settings in price_settings.json."""
    return f"{network} {clients} {scheme} {searched_epsilon(clients, epsilon):g}"


def grid(most_seeds=math.inf):
    """Return all Points, those with the seed 0 first; none has more than `most_seeds` seeds."""
    trainings = []  # Points without a seed
    for clients in DELTAS:
        for scheme in SCHEMES:
            where = (clients, scheme)
            trainings += [("edges", "central", *where, epsilon) for epsilon in EPSILONS]
            bare = (*SEARCHED[clients], math.inf)
            trainings += [("edges", "none", *where, epsilon) for epsilon in bare]
            trainings.append(("edges", "local", *where, 8.0))
        bare = (("central", 8.0), ("none", 8.0), ("none", math.inf))
        trainings += [("cnn", privacy, clients, "iid", epsilon) for privacy, epsilon in bare]
    return [
        Point(*training, seed)
        for seed in range(max(SEEDS["edges"].values()))
        for training in trainings
        if seed < min(most_seeds, SEEDS[training[0]][training[2]])
    ]
