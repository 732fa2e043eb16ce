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


def levels():
    """Return a row for every amount of noise, dicts: what both attacks get, what is kept, and epsilon."""
    chosen = {float(row["noise"]): row for row in PAGE.rows("candidates")}
    for row in PAGE.rows("defences"):
        noise = float(row["noise"])
        also = chosen[noise] | {"candidate_labels": chosen[noise]["labels"]}
        yield also | row | {"epsilon_one": epsilon(noise, 1), "epsilon_sixty": epsilon(noise, 60)}


def epsilon(noise, rounds):
    """Return epsilon of so many rounds at delta 0.01, as text."""
    spent = spent_epsilon(noise, rounds, 0.01) if noise else math.inf
    return f"{spent:,.0f}" if spent >= 10 else f"{spent:.1f}"


def candidate_figures(gone):
    """Return what sentences quote about the attacker with candidates, where the picture is `gone`."""
    rows = {float(row["noise"]): row for row in PAGE.rows("candidates")}
    others = {float(row["noise"]): row for row in PAGE.rows("candidates_seed_1")}
    at, after = rows[float(gone)], rows[0.3]
    return {
        "other_gone_first": others[float(gone)]["first"],
        "other_next_label": others[0.3]["labels"],
        "other_last_label": others[1.0]["labels"],
        "candidates": f"{int(at['candidates']):,}",
        "draws": at["updates"],
        "gone_first": at["first"],
        "gone_label": at["labels"],
        "gone_epsilon_one": epsilon(float(gone), 1),
        "next_label": after["labels"],
        "last_label": rows[1.0]["labels"],
    }


def gone_figures(levels, clean):
    """Return at which noise the picture, the labels and the accuracy are gone, and what is left there."""
    gone = {
        "picture_gone": next(row for row in levels if int(row["least_rank"]) > 100),
        "labels_gone": next(row for row in levels if int(row["labels"]) <= 10),
        "accuracy_gone": next(row for row in levels if float(row["accuracy"]) < clean - 0.05),
    }
    known = {}
    for name, row in gone.items():
        known[name] = row["noise"]
        known[f"{name}_rank"] = f"{int(row['least_rank']):,}"
        known[f"{name}_labels"] = row["labels"]
        known[f"{name}_accuracy"] = percent(float(row["accuracy"]), 1)
    return known


def level_figures():
    """Return what sentences quote about noise, as text: where pictures, accuracy and labels are gone."""
    levels = PAGE.rows("defences")
    accuracies = {row["noise"]: float(row["accuracy"]) for row in PAGE.rows("noise_accuracy")}
    known = {"accuracy_clean": percent(accuracies["0"], 1)} | gone_figures(levels, accuracies["0"])
    *_, guarantee = accuracies
    return (
        known
        | candidate_figures(known["picture_gone"])
        | {
            "guarantee": guarantee,
            "guarantee_accuracy": percent(accuracies[guarantee], 1),
            "guarantee_epsilon": f"{spent_epsilon(float(guarantee), 60, 0.01):.1f}",
            "labels_gone_epsilon": f"{spent_epsilon(float(known['labels_gone']), 60, 0.01):.0f}",
            "digits_clipped": levels[0]["digits"],
            "digits_noise": next(row["noise"] for row in levels if int(row["digits"]) <= 1),
        }
    )


def sum_figures():
    """Return what sentences quote about the sum of ten, as text."""
    rows = PAGE.rows("sum")
    own, read = ([row[name] for row in rows] for name in ("label", "label_read"))
    right = sum(min(own.count(digit), read.count(digit)) for digit in set(own))
    return {
        "sum_labels": f"{right} of {len(rows)}",
        "sum_first": f"{sum(row['rank'] == '1' for row in rows)} of {len(rows)}",
        "sum_digits": f"{rows[0]['clients_whose_digits_were_read']} of 10",
    }
