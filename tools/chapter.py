"""What cog calls inside beyond/heterogeneous_data.md: tables and figures out of recorded runs."""

import gzip
import json
import math
import statistics
import textwrap

import numpy as np

from beyond.comparison import curves, read_comparison, rounds_to
from beyond.grid import BASELINES, SCHEMES, STRATEGIES, WORK
from tools.snippets import RECORDED
from tools.terminals import ROOT

FOLDER = RECORDED / "heterogeneous"
TARGETS = (0.95, 0.97, 0.98, 0.99)
NAMES = {"iid": "IID", "dirichlet": "Dirichlet 0.1", "shards": "shards"}
NEVER = "–"
PAPER_NAMES = {"paper": ("the paper's CNN, here", "1,663,370"), "ours": ("our CNN, here", "46,730")}


def rows():
    """Return the recorded lines."""
    return read_comparison(FOLDER / "comparison.csv")


def finals(**wanted):
    """Return the accuracies after the last round of all runs that have the `wanted` values."""
    return [curve[-1]["accuracy"] for curve in curves(rows(), **wanted)]


def federated(scheme, strategy="FedAvg"):
    """Return the curves of a strategy's runs, one for every seed."""
    return curves(rows(), part="strategies", scheme=scheme, method=strategy)


def percent(fraction, digits=2):
    """Return a fraction as text."""
    return f"{100 * fraction:.{digits}f} %"


def spread(values, digits=2):
    """Return the mean of fractions and their range as text: "98.95 % (98.90 to 99.01)"."""
    low, high = (f"{100 * end(values):.{digits}f}" for end in (min, max))
    return f"{percent(statistics.mean(values), digits)} ({low} to {high})"


def first_rounds(found, target):
    """Return, for every curve that gets to `target`, the first round that does, and the number of curves."""
    crossings = [rounds_to(target, [row["accuracy"] for row in curve]) for curve in found]
    return [math.ceil(crossing) for crossing in crossings if crossing is not None], len(found)


def reach(found, target):
    """Return when `found` get to `target` as text: mean and range over the seeds, and how many never do."""
    reached, count = first_rounds(found, target)
    if not reached:
        return NEVER
    text = f"{statistics.mean(reached):.1f}".removesuffix(".0")
    if min(reached) < max(reached):
        text += f" ({min(reached)} to {max(reached)})"
    return text if len(reached) == count else f"{text}, {len(reached)} of {count} seeds"


def table(header, lines):
    """Print a Markdown table."""
    lines = [header, ["---"] * len(header), *lines]
    print("\n" + "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines) + "\n")


def ceilings(scheme):
    """Return, for every lone client, the part of the test images that show a digit it owns."""
    archive = (ROOT / "data/MNIST/raw/t10k-labels-idx1-ubyte.gz").read_bytes()
    labels = np.frombuffer(gzip.decompress(archive)[8:], np.uint8)  # behind a header of 8 bytes
    shares = np.bincount(labels, minlength=10) / len(labels)
    return [shares[owned(curve)].sum() for curve in curves(rows(), scheme=scheme, method="alone")]


def owned(curve):
    """Return the digits that a lone client owns."""
    return list(map(int, curve[0]["digits"].split()))


def baselines_table():
    """Print what pooled, federated and lone training come to, for each way of dealing out."""
    lines = []
    for scheme in SCHEMES:
        alone = finals(scheme=scheme, method="alone")
        lines.append(
            [
                NAMES[scheme],
                spread(finals(method="pooled")),
                spread([curve[-1]["accuracy"] for curve in federated(scheme)]),
                f"{percent(statistics.median(alone))} "
                f"({100 * min(alone):.1f} to {100 * max(alone):.1f})",
            ]
        )
    header = ["dealt out", "all data in one place", "federated", "a client alone: median (range)"]
    table(header, lines)


def clients_table():
    """Print what single clients see and know, for each way of dealing out."""
    lines = []
    for scheme in SCHEMES:
        last = [curve[-1] for curve in federated(scheme)]
        digits = [len(owned(curve)) for curve in curves(rows(), scheme=scheme, method="alone")]
        lines.append(
            [
                NAMES[scheme],
                spread([float(row["client_mean"]) for row in last], 1),
                spread([float(row["client_worst"]) for row in last], 1),
                f"{statistics.median(digits):g} ({min(digits)} to {max(digits)})",
                percent(statistics.median(ceilings(scheme)), 1),
                percent(statistics.median(finals(scheme=scheme, method="alone")), 1),
            ]
        )
    header = [
        "dealt out",
        "FedAvg on the clients' own images: mean",
        "worst client",
        "digits a client owns: median (range)",
        "the most that a lone client could reach: median",
        "what it reaches: median",
    ]
    table(header, lines)


def strategies_table(scheme):
    """Print rounds to each target and the final accuracy of every strategy."""
    lines = []
    for strategy in STRATEGIES:
        found = federated(scheme, strategy)
        final = [curve[-1]["accuracy"] for curve in found]
        options = " ".join(STRATEGIES[strategy]).replace("--", "")
        name = f"{strategy} ({options.replace('-', ' ')})" if options else strategy
        lines.append([name, *(reach(found, target) for target in TARGETS), spread(final)])
    header = ["strategy", *(f"rounds to {target:.0%}" for target in TARGETS)]
    table([*header, f"after {len(found[0]) - 1} rounds"], lines)


def work_curves(scheme, epochs, fraction):
    """Return FedAvg's curves with E `epochs` and C `fraction`, one for every seed."""
    work = {"local_epochs": epochs, "fraction_fit": fraction, "method": "FedAvg"}
    return curves(rows(), scheme=scheme, **work)


def work_table(scheme, target):
    """Print what E and C cost: rounds, bytes and passes until the accuracy is `target`."""
    lines = []
    for epochs, fraction in [(1, 1.0), *WORK]:
        found = work_curves(scheme, epochs, fraction)
        reached, count = first_rounds(found, target)
        megabytes = passes = NEVER
        if reached:
            mean = statistics.mean(reached)
            megabytes = f"{mean * found[0][1]['bytes'] / 1e6:.1f}"
            passes = f"{mean * epochs * fraction:.1f}"
        final = spread([curve[-1]["accuracy"] for curve in found])
        cells = [epochs, f"{fraction:g}", reach(found, target), megabytes, passes]
        lines.append([*cells, f"{final} after {len(found[0]) - 1}"])
    until = f"to {target:.0%}"
    header = ["E", "C", f"rounds {until}", f"MB {until}", f"passes over the data {until}"]
    table([*header, "final accuracy, after rounds"], lines)


def paper_results():
    """Return what benchmarks/mcmahan.py has found."""
    return json.loads((ROOT / "benchmarks/mcmahan.json").read_text())


def paper_table():
    """Print our rounds to 99 % in the paper's setting beside the paper's."""
    from benchmarks.mcmahan import PAPERS_ROUNDS, TARGET

    lines = [["the paper's CNN, in the paper", "1,663,370", *PAPERS_ROUNDS.values()]]
    for model, name in PAPER_NAMES.items():
        results = [paper_results()[model][scheme] for scheme in PAPERS_ROUNDS]
        lines.append([*name, *(_rounds_or_best(result, TARGET) for result in results)])
    table(["network", "weights", "IID", "two shards a client"], lines)


def _rounds_or_best(result, target):
    rounds = rounds_to(target, result["accuracies"])
    rate = f"learning rate {result['learning_rate']:g}"
    if rounds is not None:
        return f"**{rounds:.1f}** ({rate})"
    best = max(result["accuracies"])
    return f"not within {len(result['accuracies']) - 1}; best {percent(best)} ({rate})"


def chapter_picture(name, alt, width=860, to_root="../"):
    """Print a recorded picture; `alt` says what it shows, `to_root` leads from the page to the root."""
    path = f"{to_root}recorded/heterogeneous/{name}.png"
    print(f'\n<img src="{path}" width="{width}" alt="{" ".join(alt.split())}">\n')


def tell(text):
    """Print a paragraph with figures in it, as tools.snippets.say does for the lesson."""
    print("\n" + textwrap.fill(" ".join(text.split()).format(**facts()), 110) + "\n")


def facts():
    """Return the figures that the chapter's sentences quote, as text, by name."""
    pooled = statistics.mean(finals(method="pooled"))
    known = {
        "pooled": percent(pooled),
        "pooled_lesson_rate": spread(finals(method="pooled_0.05"), 1),
        "pooled_rate": f"{BASELINES['pooled']:g}",
        "alone_rate": f"{BASELINES['alone']:g}",
        "minutes": f"{sum(row['seconds'] for row in rows() if row['part'] == 'strategies') / 60:.0f}",
    }
    for scheme, strategy in (
        ("dirichlet", "FedAvgM"),
        ("dirichlet", "FedYogi"),
        ("shards", "FedAdam"),
    ):
        found = [curve[-1]["accuracy"] for curve in federated(scheme, strategy)]
        known[f"{scheme}_{strategy}"] = percent(statistics.mean(found), 1)
    for scheme in SCHEMES:
        last = statistics.mean(curve[-1]["accuracy"] for curve in federated(scheme))
        alone = statistics.median(finals(scheme=scheme, method="alone"))
        known |= {
            f"{scheme}": percent(last),
            f"{scheme}_gap": f"{100 * abs(pooled - last):.2f}",
            f"{scheme}_alone": percent(alone, 1),
            f"{scheme}_gain": f"{100 * (last - alone):.1f}",
        }
    return known
