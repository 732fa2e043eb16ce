"""What chapter 6's page calls: each function prints Markdown."""

import json
import statistics
from pathlib import Path

from beyond.heterogeneity.comparison import curves, rounds_to
from beyond.heterogeneity.figures import (
    alone,
    ceilings,
    cost,
    facts,
    federated,
    finals,
    owned,
    pooled,
    rows,
    spread,
)
from beyond.heterogeneity.grid import SCHEMES, STRATEGIES, WORK
from tools.snippets import image, percent, say, table

TARGETS = (0.95, 0.97, 0.98, 0.99)
NAMES = {"iid": "IID", "dirichlet": "Dirichlet 0.1", "shards": "shards"}
NETWORKS = {"paper": ("the paper's CNN, here", "1,663,370"), "ours": ("our CNN, here", "46,730")}


def tell(text):
    """Print a paragraph with the chapter's figures in it."""
    say(text, facts() | {"tuned": tuned(), "paper_minutes": paper_minutes()})


def chart(name, alt, width=860, folder="recorded"):
    """Print a recorded picture of the chapter; `folder` is where they are, as seen from the page."""
    image(f"{folder}/{name}.png", alt, width)


def teaser():
    """Print what the lesson says about this chapter: one sentence, one picture."""
    tell(
        """**Was it worth it?** [Chapter 6](beyond/heterogeneity/README.md) measures it: with data like ours
        the federation is as good as training on all data in one place ({iid}, and {pooled} there), and
        where a client owns only {shards_digits} digits it gets to {shards}, a client alone to
        {shards_alone}."""
    )
    chart(
        "baselines",
        """Three line charts of test accuracy against passes over the images. IID: pooled and federated
        training meet at 99 percent, the median client alone stays below. Dirichlet and shards: federated
        training climbs later and stays below pooled training, and each client alone is stuck far below
        both.""",
        folder="beyond/heterogeneity/recorded",
    )


def baselines_table():
    """Print what pooled, federated and lone training come to, for each way of dealing out."""
    lines = []
    for scheme in SCHEMES:
        lone = finals(alone(scheme))
        low, high = 100 * min(lone), 100 * max(lone)
        lines.append(
            [
                NAMES[scheme],
                spread(finals(pooled())),
                spread(finals(federated(scheme))),
                f"{percent(statistics.median(lone))} ({low:.2f} to {high:.2f})",
            ]
        )
    header = ["dealt out", "all data in one place", "federated", "a client alone: median (range)"]
    table(header, lines)


def clients_table():
    """Print what single clients see and know, for each way of dealing out."""
    header = [
        "dealt out",
        "FedAvg on the clients' own images: mean",
        "worst client",
        "digits a client owns: median (range)",
        "the most that a lone client could reach: median",
        "what it reaches: median",
    ]
    table(header, map(_clients_of, SCHEMES))


def _clients_of(scheme):
    """Return the line of clients_table for one way of dealing out."""
    last = [curve[-1] for curve in federated(scheme)]
    digits = [len(owned(curve)) for curve in alone(scheme)]
    return [
        NAMES[scheme],
        spread([float(row["client_mean"]) for row in last], 1),
        spread([float(row["client_worst"]) for row in last], 1),
        f"{statistics.median(digits):g} ({min(digits)} to {max(digits)})",
        percent(statistics.median(ceilings(scheme)), 1),
        percent(statistics.median(finals(alone(scheme))), 1),
    ]


def strategies_table(scheme):
    """Print rounds to each target and the final accuracy of every strategy."""
    lines = []
    for strategy, options in STRATEGIES.items():
        found = federated(scheme, strategy)
        own = f" (`{' '.join(options)}`)" if options else ""
        reached = [cost(found, target, "round") for target in TARGETS]
        lines.append([strategy + own, *reached, spread(finals(found))])
    header = ["strategy", *(f"rounds to {target:.0%}" for target in TARGETS)]
    table([*header, f"after {len(found[0]) - 1} rounds"], lines)


def work_table(scheme, target):
    """Print what E and C cost: rounds, bytes and passes until the accuracy is `target`."""
    lines = []
    for epochs, fraction in [(1, 1.0), *WORK]:
        work = {"local_epochs": epochs, "fraction_fit": fraction, "method": "FedAvg"}
        found = curves(rows(), scheme=scheme, **work)
        costs = [cost(found, target, "round"), cost(found, target, "bytes", scale=1e6)]
        costs.append(cost(found, target, "passes"))
        final = f"{spread(finals(found))} after {len(found[0]) - 1}"
        lines.append([epochs, f"{fraction:g}", *costs, final])
    until = f"to {target:.0%}"
    header = ["E", "C", f"rounds {until}", f"MB {until}", f"passes over the data {until}"]
    table([*header, "final accuracy, after rounds"], lines)


def paper_results():
    """Return what mcmahan.py has found."""
    return json.loads(Path(__file__).with_name("mcmahan.json").read_text())


def tuned():
    """Return what each learning rate that was tried came to, for the networks that were tuned."""
    return "; ".join(
        f"{NETWORKS[model][0]}: "
        + ", ".join(f"{percent(best)} with {rate}" for rate, best in results["tuning"].items())
        for model, results in paper_results().items()
        if "tuning" in results
    )


def paper_minutes():
    """Return how long the paper's CNN has run on shards, as text."""
    return f"{paper_results()['paper']['shards']['minutes']:.0f}"


def paper_table():
    """Print our rounds to 99 % in the paper's setting beside the paper's."""
    from beyond.heterogeneity.mcmahan import PAPERS_ROUNDS, TARGET

    lines = [["the paper's CNN, in the paper", "1,663,370", *PAPERS_ROUNDS.values()]]
    for model, results in paper_results().items():
        cells = [_rounds_or_best(results.get(scheme), TARGET) for scheme in PAPERS_ROUNDS]
        lines.append([*NETWORKS[model], *cells])
    table(["network", "weights", "IID", "two shards a client"], lines)


def _rounds_or_best(result, target):
    """Return rounds to `target` as text, or how far the run got, or that there was none."""
    if result is None:
        return "not run"
    rounds = rounds_to(target, result["accuracies"])
    rate = f"learning rate {result['learning_rate']:g}"
    if rounds is not None:
        return f"**{rounds:.1f}** ({rate})"
    best = percent(max(result["accuracies"]))
    return f"not within {len(result['accuracies']) - 1}: best {best} ({rate})"
