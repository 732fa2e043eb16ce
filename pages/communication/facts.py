"""What local work and clients in a round came to, and the paper's own setting beside ours."""

import statistics

from beyond.communication.grid import WORK
from beyond.communication.paper import PAPERS_ROUNDS, TARGET
from beyond.communication.paper_cnn import PaperCNN
from beyond.heterogeneity.results import curves, rounds_to
from model import CNN
from pages.heterogeneity.facts import cost, finals, first_at, rows
from pages.markdown import percent, spread, table
from pages.page import Page

PAGE = Page("communication")
NETWORKS = {"paper": PaperCNN, "ours": CNN}
NAMES = {"paper": "the paper's CNN, here", "ours": "our CNN, here"}


def weights_of(network):
    """Return how many weights a network has."""
    return sum(weights.numel() for weights in NETWORKS[network]().parameters())


def runs_with(scheme, epochs, fraction):
    """Return the curves of FedAvg with E `epochs` and C `fraction`, one for every seed."""
    work = {"local_epochs": epochs, "fraction_fit": fraction, "method": "FedAvg"}
    return curves(rows(), scheme=scheme, **work)


def figures():
    """Return the figures that sentences quote, as text, by name."""
    return {
        "one_epoch_of_few": at_round(8, "shards", 1, 0.2),
        "five_epochs_of_few": at_round(8, "shards", 5, 0.2),
        "one_epoch_of_all": at_round(3, "shards", 1, 1.0),
        "five_epochs_of_all": at_round(3, "shards", 5, 1.0),
        "one_epoch_ten_passes": at_round(10, "shards", 1, 1.0),
        "five_epochs_ten_passes": at_round(2, "shards", 5, 1.0),
        "rounds_one": cost(runs_with("iid", 1, 1.0), 0.98, "round"),
        "rounds_five": cost(runs_with("iid", 5, 1.0), 0.98, "round"),
        "rounds_few": cost(runs_with("iid", 1, 0.2), 0.98, "round"),
        "iid_all": megabytes("iid", 1, 1.0),
        "iid_few": megabytes("iid", 1, 0.2),
        "papers_iid": str(PAPERS_ROUNDS["iid"]),
        "paper_iid": rounds_of("paper"),
        "ours_iid": rounds_of("ours"),
        "tuned": tuned(),
        "times_fewer": f"{weights_of('paper') / weights_of('ours'):.0f}",
        "paper_minutes": f"{PAGE.json('mcmahan')['paper']['shards']['minutes']:.0f}",
    }


def megabytes(*work):
    """Return after how many bytes FedAvg is at 98 %, the mean of the seeds; `work` is for runs_with."""
    moved = [row["bytes"] for row in first_at(runs_with(*work), 0.98)]
    return f"{statistics.mean(moved) / 1e6:.1f} MB"


def rounds_of(network):
    """Return after how many rounds of IID data a network is at 99 %, in the paper's setting, as text."""
    return f"{rounds_to(TARGET, PAGE.json('mcmahan')[network]['iid']['accuracies']):.0f}"


def at_round(number, *work):
    """Return FedAvg's mean accuracy after a round, as text; `work` is for runs_with."""
    return percent(statistics.mean(curve[number]["accuracy"] for curve in runs_with(*work)), 1)


def work_table(scheme, target):
    """Print what E and C cost: rounds, bytes and passes until the accuracy is `target`."""
    lines = []
    for epochs, fraction in [(1, 1.0), *WORK]:
        found = runs_with(scheme, epochs, fraction)
        costs = [cost(found, target, "round"), cost(found, target, "bytes", scale=1e6)]
        costs.append(cost(found, target, "passes"))
        final = f"{spread(finals(found), 2)} after {len(found[0]) - 1}"
        lines.append([epochs, f"{fraction:g}", *costs, final])
    until = f"to {target:.0%}"
    header = ["E", "C", f"rounds {until}", f"MB {until}", f"passes over the data {until}"]
    table([*header, "final accuracy, after rounds"], lines)


def tuned():
    """Return what each learning rate that was tried came to, for the networks that were tuned."""
    return "; ".join(
        f"{NAMES[model]}: "
        + ", ".join(f"{percent(best)} with {rate}" for rate, best in results["tuning"].items())
        for model, results in PAGE.json("mcmahan").items()
        if "tuning" in results
    )


def paper_table():
    """Print our rounds to 99 % in the paper's setting beside the paper's."""
    papers = f"{weights_of('paper'):,}"
    lines = [["the paper's CNN, in the paper", papers, *PAPERS_ROUNDS.values()]]
    for model, results in PAGE.json("mcmahan").items():
        cells = [_rounds_or_best(results.get(scheme), TARGET) for scheme in PAPERS_ROUNDS]
        lines.append([NAMES[model], f"{weights_of(model):,}", *cells])
    table(["network", "weights", "IID", "two shards a client"], lines)


def _rounds_or_best(result, target):
    """Return rounds to `target` as text, or how far the run got, or that there was none."""
    if result is None:
        return "not run"
    rounds = rounds_to(target, result["accuracies"])
    rate = f"learning rate {result['learning_rate']:g}"
    if rounds is not None:
        return f"{rounds:.1f} ({rate})"
    best = percent(max(result["accuracies"]))
    return f"not within {len(result['accuracies']) - 1}: best {best} ({rate})"
