"""Accuracy against epsilon: the tables and figures of the price, read from the recordings."""

import functools
import itertools
import statistics

from beyond.differential_privacy.accountant import (
    noise_multiplier_for,
    signal_to_noise,
    spent_epsilon,
)
from beyond.price.grid import CELLS, DELTAS, EPSILONS, SCHEMES, grid, settings_key
from pages.markdown import block, percent, spread, table, table_of, table_row
from pages.page import Page
from pages.price.measured import PAGE, at_an_end, clipped, found, free, rows, rows_at
from support.tables import read_history, read_table

NUMBERS = {3: "three", 4: "four", 10: "ten"}
NAMES = {"shards": "two digits a client", "iid": "IID"}
POINTS = [(clients, scheme) for clients in DELTAS for scheme in SCHEMES]
WEIGHTS = (1_290, 3_930, 46_730)  # of the small networks, and of the lesson's CNN
WHERE, CHOSEN = ("clients", "scheme", "cells", "delta"), ("rounds", "clip", "keep")  # options
ALWAYS = "--batch-size 60000 --learning-rate 25"  # one step a round, which the clip then cuts
REAL_COLUMNS = {"clients": int, "scheme": str, "epsilon": float, "processes": float, "price": float}


def mean_of(accuracies):
    """Return the mean of accuracies as text."""
    return percent(statistics.mean(accuracies), 1)


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


def words_of(row, names=(*WHERE, *CHOSEN)):
    """Return what is typed behind beyond.price.federation to train as a line of price.csv did."""
    options = row | {"cells": CELLS[row["clients"]]}
    return " ".join(f"--{name} {options[name]}" for name in names)


def command_block():
    """Print the command that trains ten clients with IID data at epsilon 8."""
    words = f"--target-epsilon 8 {words_of(rows_at(10, 'iid')[0])}"
    block(
        "shell", f"python -m beyond.price.federation {words} \\\n    {ALWAYS} --run results/price"
    )


def command_table():
    """Print what to type for each number of clients at epsilon 8 and at 2, and what comes of it."""
    lines = []
    for clients, scheme in itertools.product(DELTAS, reversed(SCHEMES)):
        rows = [rows_at(clients, scheme, epsilon)[0] for epsilon in (8.0, 2.0)]
        accuracies = [mean_of(found(clients, scheme, row["epsilon"])) for row in rows]
        cells = [
            f"`{words_of(row, CHOSEN)}` {accuracy}"
            for row, accuracy in zip(rows, accuracies, strict=True)
        ]
        lines.append([f"`{words_of(rows[0], WHERE)}`", *cells])
    table(["type", "and for `--target-epsilon 8`", "for `--target-epsilon 2`"], lines)


def price_table():
    """Print accuracy against epsilon for each number of clients and way of dealing out."""
    lines = []
    for clients, scheme in POINTS:
        cells = [spread(found(clients, scheme, epsilon)) for epsilon in EPSILONS]
        cells += [spread(clipped(clients, scheme)), spread(free(clients, scheme))]
        lines.append([f"{clients:,}", f"{DELTAS[clients]:g}", NAMES[scheme], *cells])
    epsilons = [f"ε = {epsilon:g}" for epsilon in EPSILONS]
    bare = ["no noise, clip of ε = 8", "neither clip nor noise"]
    table(["clients", "δ", "dealt out", *epsilons, *bare], lines)


def costs_table():
    """Print how many points of accuracy the clip costs, and how many the noise, at both ends of epsilon."""
    lines = []
    for clients, scheme in POINTS:
        costs = [*costs_of(clients, scheme, 8.0), *costs_of(clients, scheme, 1.0)]
        lines.append([f"{clients:,}", NAMES[scheme], *costs])
    header = [f"ε = {epsilon}: the {what}" for epsilon in (8, 1) for what in ("clip", "noise")]
    table(["clients", "dealt out", *header], lines)


def costs_of(clients, scheme, epsilon):
    """Return how many points of mean accuracy the clip of `epsilon` costs, and how many its noise."""
    clip = clipped(clients, scheme, epsilon)
    noise = found(clients, scheme, epsilon)
    return points_between(free(clients, scheme), clip), points_between(clip, noise)


def points_between(before, after):
    """Return how many points the mean of accuracies falls, as text; what lacks seeds is left out of both."""
    seeds = min(len(before), len(after))
    return f"{100 * (statistics.mean(before[:seeds]) - statistics.mean(after[:seeds])):.1f}"


def failures_table():
    """Print what does not work at epsilon 8: local noise, and the lesson's network."""
    lines = []
    for clients, scheme in POINTS:
        cells = [found(clients, scheme), found(clients, scheme, privacy="local")]
        cells += [measured(clients, scheme, network="cnn") for measured in (found, clipped, free)]
        said = [spread(cell) if cell else "not measured" for cell in cells]
        lines.append([f"{clients:,}", NAMES[scheme], *said])
    edges = ["edges and one layer, noise on the sum", "edges and one layer, noise at every client"]
    cnn = ["the lesson's CNN, noise on the sum", "the same clip, no noise", "neither"]
    table(["clients", "dealt out", *edges, *cnn], lines)


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
    kept = {key: chosen["keep"] for key, chosen in PAGE.json("price_settings").items()}
    means = [key for key, keep in kept.items() if keep == "mean"]
    return _accuracies() | {
        "searches": str(len(kept)),
        "at_an_end": str(at_an_end()),
        "kept_means": str(len(means)),
        "kept_means_10": str(len([key for key in means if " 10 " in key])),
        "cpu_minutes": f"{sum(row['seconds'] for row in rows()) / 60:.0f}",
        "points": str(len(rows())),
        "asked": str(len(grid())),
        "lesson_accuracy": percent(
            read_history(Page("lesson").recorded / "lesson")[-1].accuracy, 1
        ),
        **{f"epsilon_{clients}": at_the_smallest_delta(clients) for clients in (10, 100)},
        **{f"ratio_10_{weights}": ratio(10, weights) for weights in WEIGHTS},
        "cnn_rounds": ", ".join(map(str, rounds_of("cnn"))),
        "seeds_10": NUMBERS[len(found(10, "iid"))],
        "seeds_more": NUMBERS[len(found(100, "iid"))],
    }


def rounds_of(network):
    """Return how many rounds a network trains at epsilon 8, for each number of clients."""
    chosen = PAGE.json("price_settings")
    return [chosen[settings_key(network, clients, "iid", 8.0)]["rounds"] for clients in DELTAS]


def at_the_smallest_delta(clients):
    """Return what epsilon 8 of so many clients is at the delta of a thousand, as text."""
    noise = noise_multiplier_for(8.0, 1, DELTAS[clients])
    return f"{spent_epsilon(noise, 1, DELTAS[1000]):.1f}"


def _accuracies():
    """Return the mean accuracy of every point, with and without clip and noise, as text."""
    known = {}
    for clients in DELTAS:
        for name, accuracies in (("", found), ("bare_", clipped), ("free_", free)):
            known[f"{name}cnn_{clients}"] = mean_of(accuracies(clients, "iid", network="cnn"))
    for clients, scheme in POINTS:
        known[f"free_{scheme}_{clients}"] = mean_of(free(clients, scheme))
        known[f"local_{scheme}_{clients}"] = mean_of(found(clients, scheme, privacy="local"))
        for epsilon in EPSILONS:
            name = f"{scheme}_{clients}_{epsilon:g}"
            known[name] = mean_of(found(clients, scheme, epsilon))
            known[f"bare_{name}"] = mean_of(clipped(clients, scheme, epsilon))
            known[f"clip_{name}"], known[f"noise_{name}"] = costs_of(clients, scheme, epsilon)
    return known


def local_row():
    """Print the line about local DP in the table of threats."""
    price = (
        "still more accuracy: with a thousand clients, IID data and ε = 8, {local_iid_1000} is left, "
        "where noise on the sum leaves {iid_1000_8}"
    )
    table_row(
        "a malicious server sends weights made to leak",
        "noise that the clients add to their updates",
        "[local DP](../price/README.md#what-does-not-work), as a measurement: it has no switch",
        price.format(**PAGE.figures),
    )
