"""What protecting single images costs, and what is left for an attacker: read from the recordings."""

import functools
import json
import math
import statistics

from beyond.example_privacy.accountant import Plan, detected
from beyond.example_privacy.audit import COLUMNS as AUDIT_COLUMNS
from beyond.example_privacy.measure import COLUMNS, EPSILONS, SCHEMES
from beyond.example_privacy.training import CLIENTS, DELTA
from pages.example_privacy.recordings import RUN, TYPED
from pages.heterogeneity.facts import federated, finals
from pages.markdown import block, percent, spread, table, table_of, table_row
from pages.page import Page
from pages.price.facts import at_the_smallest_delta
from pages.price.facts import found as with_client_privacy
from support.tables import read_history, read_table

PAGE = Page("example_privacy")
IMAGES = 60_000 // CLIENTS
PRIVATE = EPSILONS[:2]  # the third is infinite: no noise


@functools.cache
def rows():
    """Return the recorded lines of accuracy.csv."""
    return read_table(PAGE.recorded / "accuracy.csv", COLUMNS)


def rows_of(scheme, epsilon):
    """Return the lines of all seeds at a point."""
    return [row for row in rows() if (row["scheme"], row["epsilon"]) == (scheme, epsilon)]


def found(scheme, epsilon):
    """Return the accuracies of all seeds at a point."""
    return [row["accuracy"] for row in rows_of(scheme, epsilon)]


def accuracy_table():
    """Print what is left of the accuracy, by what is protected, and from whom."""
    lesson = "nothing: the lesson, 10 rounds"
    clients = "each client, ε = 8: [the price](../price/README.md)"
    lines = [
        [lesson, "", "", *(finals(federated(scheme)) for scheme in SCHEMES)],
        ["nothing: clip, no noise", "", "", *(found(scheme, math.inf) for scheme in SCHEMES)],
    ]
    for epsilon in PRIVATE:
        promise = [
            f"**each image, ε = {epsilon:g}**",
            "the server, and all behind it",
            f"{DELTA:g}",
        ]
        lines.append([*promise, *(found(scheme, epsilon) for scheme in SCHEMES)])
    of_clients = [with_client_privacy(CLIENTS, scheme) for scheme in SCHEMES]
    lines.append([clients, "all behind the server, which is trusted", "0.01", *of_clients])
    header = ["what is protected", "from whom", "δ", "IID", "two to four digits a client"]
    table(header, [[*line[:3], *map(spread, line[3:])] for line in lines])


def plan_of(scheme, epsilon):
    """Return all steps of one client at a point as a Plan."""
    row = rows_of(scheme, epsilon)[0]
    steps = row["rounds"] * row["local_steps"]
    return Plan(row["batch_size"] / IMAGES, row["noise_multiplier"], steps)


@functools.cache
def audited():
    """Return the recorded lines of audit.csv, {epsilon: line}."""
    return {row["epsilon"]: row for row in read_table(PAGE.recorded / "audit.csv", AUDIT_COLUMNS)}


def promise_table():
    """Print what epsilon allows the best attacker, and how far the audit's attack has come."""
    lines = [["no noise", "any number", "all", *_attack(math.inf)]]
    for epsilon in PRIVATE:
        best = percent(detected([plan_of("iid", epsilon)], 0.01), 1)
        lines.append([f"{epsilon:g}", f"{math.exp(epsilon):,.0f}", best, *_attack(epsilon)])
    header = [
        "ε",
        "times as likely, at most",
        "bound: found with 1 % false alarms",
        "bound: with 5 %, on the client that we attack",
        "**our attack found, with 5 %**",
        "its AUC",
    ]
    table(header, lines)


def _attack(epsilon):
    row = audited()[epsilon]
    return percent(row["bound"], 0), percent(row["found"], 0), f"{row['auc']:.2f}"


def settings_table():
    """Print the settings that were chosen, and the noise that the accountant asks for."""
    columns = {
        "dealt out": "{scheme}",
        "ε": "{epsilon:g}",
        "rounds": "{rounds}",
        "steps a round": "{local_steps}",
        "batch": "{batch_size}",
        "learning rate": "{learning_rate:g}",
        "clip": "{clip:g}",
        "noise multiplier": "{noise_multiplier:.3g}",
    }
    table_of([rows_of(scheme, epsilon)[0] for scheme in SCHEMES for epsilon in PRIVATE], columns)


def figures():
    """Return the figures that sentences quote, as text, by name."""
    known = {
        f"{scheme}_{epsilon:g}": percent(statistics.mean(found(scheme, epsilon)), 1)
        for scheme in SCHEMES
        for epsilon in EPSILONS
    }
    search = read_table(PAGE.recorded / "search.csv", COLUMNS)
    of_clients = with_client_privacy(CLIENTS, "iid", network="cnn")
    known |= _of_the_promise() | _of_opacus()
    return known | {
        "real": percent(read_history(PAGE.recorded)[-1].accuracy, 1),
        "client_cnn": percent(statistics.mean(of_clients), 1),
        "trials": str(len(search)),
        "minutes": _minutes(rows()),
        "search_minutes": _minutes(search),
        "ten_at_ours": at_the_smallest_delta(CLIENTS),
    }


def _of_opacus():
    """Return how Opacus compares with our own code, as text."""
    speed = json.loads(PAGE.screen("opacus"))
    milliseconds = {f"milliseconds_{name}": str(speed[name]) for name in ("ours", "hooks", "ghost")}
    return milliseconds | {"opacus_difference": f"{speed['difference']:.0e}"}


def _of_the_promise():
    """Return what sentences quote about epsilon and the audit, as text."""
    row = audited()[8.0]
    error = math.sqrt(row["found"] * (1 - row["found"]) / row["trials"])
    times = {epsilon: f"{math.exp(epsilon):,.1f}".removesuffix(".0") for epsilon in PRIVATE}
    return {f"times_{epsilon:g}": text for epsilon, text in times.items()} | {
        "audit_trials": str(row["trials"]),
        "audit_error": f"{100 * 2 * error:.0f}",  # two standard errors, in points
    }


def threat_row():
    """Print the line about noise for single images in the table of threats."""
    price = (
        "accuracy: {iid_8} is left at ε = 8 with ten clients and IID data, {shards_8} with two to "
        "four digits"
    )
    table_row(
        "the same, for a single image",
        "noise that the clients add in every step (DP-SGD)",
        "[one image](../example_privacy/README.md)",
        price.format(**PAGE.figures),
    )


def _minutes(measured):
    return f"{sum(row['seconds'] for row in measured) / 60:.0f}"


def command():
    """Print the command that was recorded."""
    block("shell", f"{TYPED} --run {RUN}".replace(" --batch-size", " \\\n    --batch-size"))
