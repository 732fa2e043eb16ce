"""The figures of chapter 6, read from its recorded runs: fractions, rounds, and both as text."""

import functools
import gzip
import statistics

import numpy as np

from beyond.heterogeneity.baselines import LEARNING_RATES
from beyond.heterogeneity.comparison import curves, read_comparison
from beyond.heterogeneity.grid import SCHEMES, STRATEGIES
from tools.snippets import percent
from tools.terminals import ROOT

FOLDER = ROOT / "beyond/heterogeneity/recorded"


@functools.cache
def rows():
    """Return the recorded lines."""
    return read_comparison(FOLDER / "comparison.csv")


def federated(scheme, strategy="FedAvg"):
    """Return the curves of a strategy's runs, one for every seed."""
    return curves(rows(), part="strategies", scheme=scheme, method=strategy)


def alone(scheme):
    """Return the curves of all clients that train alone, all seeds together."""
    return curves(rows(), scheme=scheme, method="alone")


def pooled():
    """Return the curves of training on all data in one place, one for every seed."""
    return curves(rows(), method="pooled")


def finals(found):
    """Return the accuracies after the last round, as fractions, one for each curve."""
    return [curve[-1]["accuracy"] for curve in found]


def owned(curve):
    """Return the digits that a lone client owns."""
    return list(map(int, curve[0]["digits"].split()))


def ceilings(scheme):
    """Return, for every lone client, the part of the test images that show a digit it owns."""
    archive = (ROOT / "data/MNIST/raw/t10k-labels-idx1-ubyte.gz").read_bytes()
    labels = np.frombuffer(gzip.decompress(archive)[8:], np.uint8)  # behind a header of 8 bytes
    shares = np.bincount(labels, minlength=10) / len(labels)
    return [shares[owned(curve)].sum() for curve in alone(scheme)]


def first_at(found, target):
    """Return, for every curve that gets to the accuracy `target`, its first row that is there."""
    reached = (next((row for row in curve if row["accuracy"] >= target), None) for curve in found)
    return [row for row in reached if row]


def spread(fractions, digits=2):
    """Return the mean of fractions and their range as text: "98.95 % (98.90 to 99.01)"."""
    low, high = (f"{100 * end(fractions):.{digits}f}" for end in (min, max))
    return f"{percent(statistics.mean(fractions), digits)} ({low} to {high})"


def cost(found, target, what, scale=1):
    """Return at what round, bytes or passes (`what`) the curves `found` get to `target`, as text.

    The mean and the range over the seeds that get there, in units of `scale`, and how many if not all do.
    """
    values = [row[what] / scale for row in first_at(found, target)]
    if not values:
        return f"not within {len(found[0]) - 1}"
    mean, low, high = (f"{end(values):.1f}" for end in (statistics.mean, min, max))
    if all(value.is_integer() for value in values):
        low, high = low.removesuffix(".0"), high.removesuffix(".0")
    text = mean.removesuffix(".0") if low == high else f"{mean} ({low} to {high})"
    return text if len(values) == len(found) else f"{text}, {len(values)} of {len(found)} seeds"


def at_round(number, scheme, epochs, fraction):
    """Return FedAvg's mean accuracy after a round, with E `epochs` and C `fraction`, as text."""
    work = {"local_epochs": epochs, "fraction_fit": fraction, "method": "FedAvg"}
    found = curves(rows(), scheme=scheme, **work)
    return percent(statistics.mean(curve[number]["accuracy"] for curve in found), 1)


def wins(scheme, strategy):
    """Return with how many seeds a strategy ends above FedAvg, as text: "2 of 3"."""
    pairs = list(zip(finals(federated(scheme, strategy)), finals(federated(scheme)), strict=True))
    return f"{sum(mine > theirs for mine, theirs in pairs)} of {len(pairs)}"


def largest_share(scheme):
    """Return the most images of one digit that a client has in the recorded partitions, as text."""
    lines = (FOLDER / f"partition_{scheme}.txt").read_text().splitlines()
    table = [line.split()[1:11] for line in lines if line.split()[0].isdigit()]
    return f"{max(int(count) for row in table for count in row):,}"


def facts():
    """Return the figures that sentences quote, as text, by name."""
    known = _baselines() | _work()
    for scheme in SCHEMES:
        known |= _of_scheme(scheme)
        for strategy in STRATEGIES:
            known |= _of_strategy(scheme, strategy)
    return known


def _baselines():
    """Return what pooled training comes to, the baselines' rates, and how long it all took."""
    minutes = sum(row["seconds"] for row in rows() if row["part"] == "strategies") / 60
    at_once = {"alone": 2}  # lone clients train, two at a time
    all_minutes = sum(row["seconds"] / at_once.get(row["method"], 1) for row in rows()) / 60
    return {
        "pooled": percent(statistics.mean(finals(pooled()))),
        "pooled_lesson_rate": spread(finals(curves(rows(), method="pooled_0.05")), 1),
        "pooled_rate": f"{LEARNING_RATES['pooled']:g}",
        "alone_rate": f"{LEARNING_RATES['alone']:g}",
        "minutes": f"{minutes:.0f}",
        "all_minutes": f"{all_minutes:.0f}",
    }


def _work():
    """Return accuracies with shards, for different amounts of local work and clients in a round."""
    return {
        "one_epoch_of_few": at_round(8, "shards", 1, 0.2),
        "five_epochs_of_few": at_round(8, "shards", 5, 0.2),
        "one_epoch_of_all": at_round(3, "shards", 1, 1.0),
        "five_epochs_of_all": at_round(3, "shards", 5, 1.0),
        "one_epoch_ten_passes": at_round(10, "shards", 1, 1.0),
        "five_epochs_ten_passes": at_round(2, "shards", 5, 1.0),
    }


def _of_scheme(scheme):
    """Return what FedAvg and lone clients come to with images dealt out by `scheme`."""
    mean = statistics.mean(finals(federated(scheme)))
    best = statistics.mean(finals(pooled()))
    lone = statistics.median(finals(alone(scheme)))
    digits = [len(owned(curve)) for curve in alone(scheme)]
    return {
        scheme: percent(mean),
        f"{scheme}_gap": f"{100 * (best - mean):.1f}",
        f"{scheme}_alone": percent(lone, 1),
        f"{scheme}_gain": f"{100 * (mean - lone):.1f}",
        f"{scheme}_digits": f"{min(digits)} to {max(digits)}",
        f"{scheme}_largest": largest_share(scheme),
    }


def _of_strategy(scheme, strategy):
    """Return a strategy's mean accuracy in the end and at its best, and with how many seeds it wins."""
    found = federated(scheme, strategy)
    best = (max(row["accuracy"] for row in curve) for curve in found)
    return {
        f"{scheme}_{strategy}": percent(statistics.mean(finals(found)), 1),
        f"{scheme}_{strategy}_best": percent(statistics.mean(best), 1),
        f"{scheme}_{strategy}_wins": wins(scheme, strategy),
    }
