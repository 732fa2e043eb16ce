"""Accuracy against epsilon: the tables and figures of the price, read from the recordings."""

import functools
import statistics

from beyond.differential_privacy.accountant import noise_multiplier_for, signal_to_noise
from beyond.price.grid import DELTAS, EPSILONS, SCHEMES
from beyond.price.measure import COLUMNS
from beyond.price.search import COLUMNS as SEARCH_COLUMNS
from pages.markdown import percent, spread, table, table_of
from pages.page import Page
from support.history import read_history
from support.tables import read_table

PAGE = Page("price")
NAMES = {"shards": "two digits a client", "iid": "IID"}
WEIGHTS = (1_290, 3_930, 46_730)  # of the small networks, and of the lesson's CNN
REAL_COLUMNS = {"clients": int, "scheme": str, "epsilon": float, "processes": float, "price": float}


@functools.cache
def rows():
    """Return the recorded lines of price.csv."""
    return read_table(PAGE.recorded / "price.csv", COLUMNS)


def found(clients, scheme, epsilon=8.0, **other):
    """Return the accuracies of all seeds at a point: of edges, with noise on the sum, or as `other` says."""
    wanted = {"network": "edges", "privacy": "central", **other}
    wanted |= {"clients": clients, "scheme": scheme, "epsilon": epsilon}
    return [row["accuracy"] for row in rows() if wanted.items() <= row.items()]


def mean_of(*where, **named):
    """Return the mean of the accuracies at a point (see `found`) as text."""
    return percent(statistics.mean(found(*where, **named)), 1)


@functools.cache
def ratio(clients, weights):
    """Return how long the noise is beside all updates, at epsilon 8, as text."""
    mu = signal_to_noise(noise_multiplier_for(8.0, 1, DELTAS[clients]), 1)
    return f"{weights**0.5 / mu / clients:.2g}"


def noise_table():
    """Print how long the noise is beside all updates: sqrt(weights) / (mu * clients), at epsilon 8."""
    lines = []
    for clients, delta in DELTAS.items():
        ratios = [ratio(clients, weights) for weights in WEIGHTS]
        lines.append([f"{clients:,}", f"{delta:g}", *ratios])
    table(["clients", "δ", "1,290 weights", "3,930 weights", "the lesson's CNN: 46,730"], lines)


def price_table():
    """Print accuracy against epsilon for each number of clients and way of dealing out."""
    lines = []
    for clients, delta in DELTAS.items():
        for scheme in SCHEMES:
            cells = [spread(found(clients, scheme, epsilon)) for epsilon in EPSILONS]
            lines.append([f"{clients:,}", f"{delta:g}", NAMES[scheme], *cells])
    table(["clients", "δ", "dealt out", *(f"ε = {epsilon:g}" for epsilon in EPSILONS)], lines)


def failures_table():
    """Print what does not work at epsilon 8: the lesson's network, and local noise."""
    lines = []
    for clients in DELTAS:
        for scheme in SCHEMES:
            cnn = found(clients, scheme, network="cnn")
            cells = [found(clients, scheme), found(clients, scheme, privacy="local")]
            shown = [spread(cells[0]), spread(cnn) if cnn else "not measured", spread(cells[1])]
            lines.append([f"{clients:,}", NAMES[scheme], *shown])
    small, cnn = "edges and one layer, noise on the sum", "the lesson's CNN, noise on the sum"
    local = "edges and one layer, noise at every client"
    table(["clients", "dealt out", small, cnn, local], lines)


def real_table():
    """Print what real processes came to beside measure.py."""
    found = read_table(PAGE.recorded / "price_real.csv", REAL_COLUMNS)
    columns = {
        "clients": "{clients}",
        "dealt out": "{scheme}",
        "a federation with real processes": "{processes:.2%}",
        "measure.py": "{price:.2%}",
    }
    table_of([row | {"scheme": NAMES[row["scheme"]]} for row in found], columns)


def figures():
    """Return the figures of the price: how much was tried, and the mean accuracy of every point."""
    known = {
        "trials": str(len(read_table(PAGE.recorded / "price_search.csv", SEARCH_COLUMNS))),
        "cpu_minutes": f"{sum(row['seconds'] for row in rows()) / 60:.0f}",
        "points": str(len(rows())),
        "lesson_accuracy": percent(
            read_history(Page("lesson").recorded / "lesson")[-1].accuracy, 1
        ),
    }
    known |= {f"ratio_10_{weights}": ratio(10, weights) for weights in WEIGHTS}
    for clients in DELTAS:
        known[f"cnn_{clients}"] = mean_of(clients, "iid", network="cnn")
        for scheme in SCHEMES:
            known[f"local_{scheme}_{clients}"] = mean_of(clients, scheme, privacy="local")
            for epsilon in EPSILONS:
                known[f"{scheme}_{clients}_{epsilon:g}"] = mean_of(clients, scheme, epsilon)
    return known


def local_row():
    """Print the line about local DP in the table of threats."""
    price = (
        "still more accuracy: with a thousand clients, IID data and ε = 8, {local_iid_1000} is left, "
        "where noise on the sum leaves {iid_1000_8}"
    )
    cells = [
        "a malicious server sends weights made to leak",
        "noise that the clients add themselves",
        "[local DP](../price/README.md#what-does-not-work)",
        price.format(**PAGE.figures),
    ]
    print(f"| {' | '.join(cells)} |")
