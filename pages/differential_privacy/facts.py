"""The guarantee: its figures, from the accountant, the recorded attacker, a federation, and the price."""

import math

from beyond.differential_privacy.accountant import epsilon_of, mu_of
from beyond.differential_privacy.privacy_record import read_privacy
from pages.markdown import block, paragraph, percent, spread, table, table_of
from pages.page import Page
from support.command_line import ROOT

PAGE = Page("differential_privacy")
DELTAS = {10: 1e-2, 100: 1e-3, 1000: 1e-5}  # for each number of clients, as in the price
SCHEMES = {"iid": "all alike", "shards": "two digits a client"}
COMMAND = (
    "python -m beyond.price.federation --clients {clients} --target-epsilon 8 --delta {delta:g} \\\n"
    "    --rounds {rounds} --clip {clip:g} --learning-rate {learning_rate:g} --batch-size 60000 "
    "--cells {cells} --keep {keep} --run results/private_{clients}"
)
BELOW_THE_BOARD = (
    "Means of all seeds, and ten clients' ranges. The other rows have [other settings](../price/README.md). "
    "A thousand processes do not fit on most machines: the last command simulates them, with the lesson's "
    'network, which has {} there. With ten clients, "two digits" are two to four.'
)
THOUSAND = (
    "python -m beyond.simulation.federation --chapter privacy --clients {clients} --target-epsilon 8 \\\n"
    "    --delta {delta:g} --rounds {rounds} --clip {clip:g} --learning-rate {learning_rate:g} "
    "--run results/private_{clients}"
)


def figures():
    """Return the figures that sentences quote, as text, by name.

    Of the recorded federation only what is the same in every run of its command: no accuracy.
    """
    last = read_privacy(PAGE.recorded)[-1]
    ten = [row for row in PAGE.rows("best_attacker") if row["delta"] == DELTAS[10]]
    found = {row["epsilon"]: percent(row["true_positive_rate"], 0) for row in ten}
    return {
        "found_8": found[8],
        "found_2": found[2],
        "private_std": f"{last.noise_multiplier * last.clip / last.clients_asked:.3g}",
        "odds_8": odds(8),
        "odds_2": odds(2),
        "ten_at_a_millionth": f"{epsilon_of(mu_of(8, DELTAS[10]), 1e-6):.1f}",
    }


def attacker_table():
    """Print what each epsilon and delta lets the best attacker do."""
    columns = {
        "ε": "{epsilon}",
        "δ": "{delta:g}",
        "odds change by, at most": "{odds}",
        "μ": "{mu:.2f}",
        "AUC": "{auc:.3f}",
        "found, if 1 % are accused wrongly": "{true_positive_rate:.0%}",
    }
    rows = [row for row in PAGE.rows("best_attacker") if row["epsilon"] in (8, 2)]
    table_of([row | {"odds": odds(row["epsilon"])} for row in rows], columns)


def odds(epsilon):
    """Return by which factor `epsilon` lets the odds of a guess change, at most, as text."""
    return f"{math.exp(epsilon):,.1f}" if epsilon < 4 else f"{math.exp(epsilon):,.0f}"


def same_noise_table():
    """Print what epsilon 8 is at one delta for all numbers of clients, and for replacing a client."""
    lines = []
    for clients, delta in DELTAS.items():
        mu = mu_of(8, delta)
        others = [f"{epsilon:.1f}" for epsilon in (epsilon_of(mu, 1e-6), epsilon_of(2 * mu, delta))]
        lines.append([f"{clients:,}", f"{delta:g}", f"{mu:.2f}", "8", *others])
    header = ["clients", "δ", "μ", "ε, add or remove one", "the same at δ = 1e-06"]
    table([*header, "ε, replace one, at the δ on the left"], lines)


def board():
    """Print what privacy costs with ten, a hundred and a thousand clients, and what to type for it."""
    if not (ROOT / "beyond/price").exists():
        return
    from pages.price.facts import found, mean_of

    lines = []
    for clients, delta in DELTAS.items():
        for scheme, name in SCHEMES.items():
            cells = [found(clients, scheme, privacy="none")]
            cells += [found(clients, scheme, epsilon) for epsilon in (8.0, 2.0)]
            said = spread if clients == 10 else mean_of  # with more, seeds hardly differ
            shown = [said(cell) if cell else "not on record" for cell in cells]
            lines.append([f"{clients:,}", f"{delta:g}", name, *shown])
    table(["clients", "δ", "their data", "clipped, without noise", "ε = 8", "ε = 2"], lines)
    commands = [command(COMMAND, "edges", clients) for clients in (10, 100)]
    block("shell", "\n".join([*commands, command(THOUSAND, "cnn", 1000)]))
    paragraph(BELOW_THE_BOARD.format(mean_of(found(1000, "iid", network="cnn"))))


def command(text, network, clients):
    """Return what to type for epsilon 8 with so many clients, whose data is all alike."""
    from beyond.price.grid import Point

    point = Point(network, "central", clients, "iid", 8.0, seed=0)
    settings = {"clients": clients, "delta": point.delta, "cells": point.cells, **point.settings()}
    return text.format(**settings)


def images():
    """Say where single images are protected, if that room is there."""
    if (ROOT / "beyond/example_privacy").exists():
        chapter = "[the chapter on that](../example_privacy/README.md)"
        paragraph(f"To protect only single images costs less: {chapter}.")
