"""The figures of chapter 7's first half, read from its recordings: numbers, and the same as text."""

import csv
import json
import math
import re
import statistics

from beyond.privacy.accountant import spent_epsilon
from beyond.privacy.membership import FEW, STRANGERS
from tools.snippets import percent
from tools.terminals import ROOT

FOLDER = ROOT / "beyond/privacy/recorded"
SEEDS = (0, 1, 2)  # of read_update
KINDS = ("weights", "fields", "framing", "transport", "unexplained", "all")


def seconds_facts():
    """Return how long the commands took when they were recorded, in seconds, as text."""
    seconds = json.loads((FOLDER / "seconds.json").read_text())
    return {f"seconds_{name}": f"{number}" for name, number in seconds.items()}


def screen(name):
    """Return what a command has printed when it was recorded."""
    return (FOLDER / f"{name}.txt").read_text()


def wire_rows(name="wiretap"):
    """Return {(direction, round): {kind: bytes}} of a recorded wiretap."""
    found = re.findall(r"^(to the \w+) +(\d+)((?: +[\d,]+){6})$", screen(name), re.MULTILINE)
    return {
        (direction, int(number)): dict(
            zip(KINDS, (int(cell.replace(",", "")) for cell in cells.split()), strict=True)
        )
        for direction, number, cells in found
    }


def wire_facts():
    """Return what sentences quote about the wire, as text."""
    rows = wire_rows()
    answers = rows["to the server", 2]  # of three clients
    message = sum(answers[kind] for kind in ("weights", "fields", "framing")) // 3
    everything = sum(row["all"] for row in rows.values())
    weights = sum(row["weights"] for row in rows.values())
    honest, smuggling = (wire_rows(name)["to the server", 2] for name in ("wiretap", "smugglers"))
    return {
        "fit_res": f"{message:,}",
        "fit_res_weights": f"{answers['weights'] // 3:,}",
        "fit_res_fields": f"{answers['fields'] // 3:,}",
        "fit_res_framing": f"{answers['framing'] // 3:,}",
        "wire_all": f"{everything:,}",
        "wire_weights": f"{100 * weights / everything:.1f} %",
        "fields_honest": f"{honest['fields'] // 3:,}",
        "fields_four": f"{honest['fields'] * 4 // 3:,}",
        "fields_smuggling": f"{smuggling['fields']:,}",
        "tls_bytes": re.search(r"TLS, to the server: ([\d,]+)", screen("tls"))[1],
    }


def read_facts():
    """Return what sentences quote about reading an update, as text."""
    first = screen("read_update_0")
    known = {
        "labels_read": re.search(r"bias: (\d+ of \d+)", first)[1],
        "fc1_error": max(
            re.search(r"error ([\d.e-]+)", screen(f"read_update_{s}"))[1] for s in SEEDS
        ),
    }
    for scheme in ("Shards", "Dirichlet 0.5", "IID"):
        name = scheme.split()[0].lower()
        pattern = rf"{scheme}: (\d+) of 10 clients exactly, (\d+) of 100"
        pairs = [re.search(pattern, screen(f"read_update_{seed}")).groups() for seed in SEEDS]
        known[f"digits_{name}"] = pairs[0][0]
        known[f"digits_{name}_others"] = " and ".join(exact for exact, _ in pairs[1:])
        known[f"answers_{name}"] = pairs[0][1]
    return known


def inversion_rows():
    """Return {case: [row]} of the recorded inversions, in their order."""
    cases = {}
    with open(FOLDER / "inversion.csv", newline="") as file:
        for row in csv.DictReader(file):
            cases.setdefault(row["case"], []).append(row)
    return cases


def inversion_summary():
    """Return [(case, images of rank 1, images, median rank, median PSNR, median length of the update)]."""
    return [
        (
            case,
            sum(row["rank"] == "1" for row in rows),
            len(rows),
            *(statistics.median(float(row[name]) for row in rows) for name in ("rank", "psnr")),
            statistics.median(float(row["update_length"]) for row in rows),
        )
        for case, rows in inversion_rows().items()
    ]


def inversion_facts():
    """Return what sentences quote about inversion, as text."""
    rows = inversion_rows()
    known = [float(row["update_length"]) for row in rows["one image that a trained model knows"]]
    known_first = sum(row["rank"] == "1" for row in rows["one image that a trained model knows"])
    wrong = rows["one image that a trained model gets wrong"]
    return {
        "known_shortest": f"{min(known):.0e}",
        "known_longest": f"{max(known):.0e}",
        "known_first": f"{known_first} of {len(known)}",
        "epoch_length": f"{float(rows['a whole epoch over 6,000 images'][0]['update_length']):.0f}",
        "worst_readable": f"{min(float(row['psnr']) for row in wrong if row['rank'] == '1'):.0f} dB",
    }


def membership_facts():
    """Return how well membership is guessed, as text."""
    whole, single = re.findall(r"AUC ([\d.]+)", screen("membership"))
    members, strangers = FEW, STRANGERS
    return {
        "auc_global": whole,
        "auc_update_least": single,
        "auc_update_scatter": f"{math.sqrt((members + strangers + 1) / (12 * members * strangers)):.2f}",
        "auc_update_most": re.search(r"to ([\d.]+), mean", screen("membership"))[1],
        "auc_update_mean": re.search(r"mean ([\d.]+)", screen("membership"))[1],
    }


def read_table(name):
    """Return the rows of a recorded CSV file."""
    with open(FOLDER / f"{name}.csv", newline="") as file:
        return list(csv.DictReader(file))


def gone_facts(levels, clean):
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


def level_facts():
    """Return what sentences quote about noise, as text: where pictures, accuracy and labels are gone."""
    levels = read_table("defences")
    accuracies = {row["noise"]: float(row["accuracy"]) for row in read_table("noise_accuracy")}
    known = {"accuracy_clean": percent(accuracies["0"], 1)} | gone_facts(levels, accuracies["0"])
    *_, guarantee = accuracies
    return known | {
        "guarantee": guarantee,
        "guarantee_accuracy": percent(accuracies[guarantee], 1),
        "guarantee_epsilon": f"{spent_epsilon(float(guarantee), 60, 0.01):.1f}",
        "labels_gone_epsilon": f"{spent_epsilon(float(known['labels_gone']), 60, 0.01):.0f}",
        "digits_clipped": levels[0]["digits"],
        "digits_noise": next(row["noise"] for row in levels if int(row["digits"]) <= 1),
    }


def sum_facts():
    """Return what sentences quote about the sum of ten, as text."""
    rows = read_table("sum")
    own, read = ([row[name] for row in rows] for name in ("label", "label_read"))
    right = sum(min(own.count(digit), read.count(digit)) for digit in set(own))
    return {
        "sum_labels": f"{right} of {len(rows)}",
        "sum_first": f"{sum(row['rank'] == '1' for row in rows)} of {len(rows)}",
        "sum_digits": f"{rows[0]['clients_whose_digits_were_read']} of 10",
    }


def facts():
    """Return all figures that sentences quote, as text, by name."""
    parts = (
        seconds_facts,
        wire_facts,
        read_facts,
        inversion_facts,
        level_facts,
        sum_facts,
        membership_facts,
    )
    return {name: text for part in parts for name, text in part().items()}
