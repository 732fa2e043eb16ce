"""What defences leave to an attacker and to the federation, read from the recordings."""

import math

from beyond.differential_privacy.accountant import spent_epsilon
from pages.attacks.facts import epoch_length
from pages.markdown import percent
from pages.page import Page

PAGE = Page("defences")


def figures():
    """Return all figures that sentences quote, as text, by name."""
    seconds = {f"seconds_{name}": str(number) for name, number in PAGE.json("seconds").items()}
    return seconds | {"epoch_length": epoch_length()} | level_figures() | sum_figures()


def by_noise(name):
    """Return the rows of a recorded table, {noise: row}."""
    return {row["noise"]: row for row in PAGE.rows(name)}


def levels():
    """Return a row for every amount of noise, dicts: what both attacks get, what is kept, and epsilon."""
    chosen = by_noise("candidates")
    for noise, row in by_noise("defences").items():
        also = chosen[noise] | {"candidate_labels": chosen[noise]["labels"]}
        yield also | row | {"epsilon_one": epsilon(noise, 1), "epsilon_sixty": epsilon(noise, 60)}


def epsilon(noise, rounds):
    """Return epsilon of so many rounds at delta 0.01, as text."""
    spent = spent_epsilon(noise, rounds, 0.01) if noise else math.inf
    return f"{spent:,.0f}" if spent >= 10 else f"{spent:.1f}"


def candidate_figures(gone):
    """Return what sentences quote about the attacker with candidates, where the picture is `gone`."""
    rows, others = by_noise("candidates"), by_noise("candidates_seed_1")
    return {
        "other_gone_first": others[gone]["first"],
        "other_next_label": others[0.3]["labels"],
        "other_last_label": others[1.0]["labels"],
        "candidates": f"{rows[gone]['candidates']:,}",
        "draws": rows[gone]["updates"],
        "gone_first": rows[gone]["first"],
        "gone_label": rows[gone]["labels"],
        "gone_epsilon_one": epsilon(gone, 1),
        "next_label": rows[0.3]["labels"],
        "last_label": rows[1.0]["labels"],
    }


def level_figures():
    """Return what sentences quote about noise, as text: where pictures, accuracy and labels are gone."""
    levels = PAGE.rows("defences")
    picture_gone = next(row for row in levels if row["least_rank"] > 100)
    labels_gone = next(row for row in levels if row["labels"] <= 10)
    accuracies = {row["noise"]: row["accuracy"] for row in PAGE.rows("noise_accuracy")}
    *_, guarantee = accuracies
    return candidate_figures(picture_gone["noise"]) | {
        "accuracy_clean": percent(accuracies[0], 1),
        "picture_gone": picture_gone["noise"],
        "picture_gone_rank": f"{picture_gone['least_rank']:,}",
        "labels_gone": labels_gone["noise"],
        "labels_gone_accuracy": percent(labels_gone["accuracy"], 1),
        "labels_gone_epsilon": epsilon(labels_gone["noise"], 60),
        "guarantee": guarantee,
        "guarantee_accuracy": percent(accuracies[guarantee], 1),
        "guarantee_epsilon": epsilon(guarantee, 60),
        "digits_clipped": levels[0]["digits"],
        "digits_noise": next(row["noise"] for row in levels if row["digits"] <= 1),
    }


def sum_figures():
    """Return what sentences quote about the sum of ten, as text."""
    rows = PAGE.rows("sum")
    own, read = ([row[name] for row in rows] for name in ("label", "label_read"))
    right = sum(min(own.count(digit), read.count(digit)) for digit in set(own))
    return {
        "sum_labels": f"{right} of {len(rows)}",
        "sum_first": f"{sum(row['rank'] == 1 for row in rows)} of {len(rows)}",
        "sum_digits": f"{rows[0]['clients_whose_digits_were_read']} of 10",
    }
