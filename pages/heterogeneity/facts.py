"""What the recorded runs came to: curves, figures as text, and tables."""

import functools
import re
import statistics

import numpy as np

from beyond.heterogeneity.baselines import LEARNING_RATES
from beyond.heterogeneity.results import COLUMNS, SCHEMES, STRATEGIES, curves
from pages.markdown import percent, spread, table
from pages.page import ROOT, Page
from support.mnist import load_mnist
from support.tables import read_table

PAGE = Page("heterogeneity")
TARGETS = (0.95, 0.97, 0.98, 0.99)
NAMES = {"iid": "IID", "dirichlet": "Dirichlet 0.1", "shards": "shards"}


@functools.cache
def rows():
    """Return the recorded lines."""
    return read_table(PAGE.recorded / "comparison.csv", COLUMNS)


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
    _, (_, labels) = load_mnist()
    shares = np.bincount(labels, minlength=10) / len(labels)
    return [shares[owned(curve)].sum() for curve in alone(scheme)]


def first_at(found, target):
    """Return, for every curve that gets to the accuracy `target`, its first row that is there."""
    reached = (next((row for row in curve if row["accuracy"] >= target), None) for curve in found)
    return [row for row in reached if row]


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


def largest_share(scheme):
    """Return the most images of one digit that a client has in the recorded partitions, as text."""
    screen = PAGE.screen(f"partition_{scheme}")
    counts = re.findall(r"^ *\d+ ((?: +\d+){10}) +\d+$", screen, re.MULTILINE)
    return f"{max(map(int, ' '.join(counts).split())):,}"


def figures():
    """Return the figures that sentences quote, as text, by name."""
    known = _baselines()
    for scheme in SCHEMES:
        known |= _of_scheme(scheme)
        for strategy in STRATEGIES:
            known |= _of_strategy(scheme, strategy)
    return known


def _baselines():
    """Return how pooled training ends, the baselines' rates, and how long it all took."""
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


def _of_scheme(scheme):
    """Return how FedAvg and lone clients end with images dealt out by `scheme`."""
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
    """Return a strategy's mean accuracy at its end and its best, and with how many seeds it beats FedAvg."""
    found = federated(scheme, strategy)
    best = (max(row["accuracy"] for row in curve) for curve in found)
    pairs = zip(finals(found), finals(federated(scheme)), strict=True)
    wins = [mine > theirs for mine, theirs in pairs]
    return {
        f"{scheme}_{strategy}": percent(statistics.mean(finals(found)), 1),
        f"{scheme}_{strategy}_best": percent(statistics.mean(best), 1),
        f"{scheme}_{strategy}_wins": f"{sum(wins)} of {len(wins)}",
    }


def teaser():
    """Print what the lesson says about this chapter: one sentence, one picture."""
    PAGE.say(
        """**Was it worth it?** [The first chapter](beyond/heterogeneity/README.md) measures it. With data
        like ours, a tenth of it held out, three seeds show no difference between the federation ({iid}) and
        training on all data in one place ({pooled}, at its own learning rate); a client alone is {iid_gain}
        points lower. Where a client owns only {shards_digits} digits (*shards* in the picture, of medians),
        the federation reaches {shards}, a client alone {shards_alone}; where every digit is dealt out
        unevenly (*Dirichlet*), {dirichlet} and {dirichlet_alone}."""
    )
    PAGE.chart(
        "baselines",
        """Three line charts of test accuracy against passes over the images. IID: pooled and federated
        training meet at 99 percent, the median client alone stays below. Dirichlet and shards: federated
        training climbs later and stays below pooled training, and each client alone is stuck far below
        both.""",
        width=860,
        root=ROOT,
    )


def baselines_table():
    """Print how pooled, federated and lone training end, for each way of dealing out."""
    lines = []
    for scheme in SCHEMES:
        together = (spread(finals(found), 2) for found in (pooled(), federated(scheme)))
        lone = spread(finals(alone(scheme)), 2, statistics.median)
        lines.append([NAMES[scheme], *together, lone])
    header = ["dealt out", "all data in one place", "federated", "a client alone: median (range)"]
    table(header, lines)


def clients_table():
    """Print what single clients see and know, for each way of dealing out."""
    lines = []
    for scheme in SCHEMES:
        last = [curve[-1] for curve in federated(scheme)]
        own = (spread([float(row[f"client_{what}"]) for row in last]) for what in ("mean", "worst"))
        digits = [len(owned(curve)) for curve in alone(scheme)]
        known = f"{statistics.median(digits):g} ({min(digits)} to {max(digits)})"
        medians = map(statistics.median, (ceilings(scheme), finals(alone(scheme))))
        lines.append([NAMES[scheme], *own, known, *(percent(median, 1) for median in medians)])
    header = ["dealt out", "FedAvg on the clients' own images: mean", "worst client"]
    header += ["digits a client owns: median (range)"]
    header += ["the most that a lone client could reach: median", "what it reaches: median"]
    table(header, lines)


def strategies_table(scheme):
    """Print rounds to each target and the final accuracy of every strategy."""
    lines = []
    for strategy, options in STRATEGIES.items():
        found = federated(scheme, strategy)
        own = f" (`{' '.join(options)}`)" if options else ""
        reached = [cost(found, target, "round") for target in TARGETS]
        lines.append([strategy + own, *reached, spread(finals(found), 2)])
    header = ["strategy", *(f"rounds to {target:.0%}" for target in TARGETS)]
    table([*header, f"after {len(found[0]) - 1} rounds"], lines)
