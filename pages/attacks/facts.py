"""What was read off updates, read from the recordings: numbers, and the same as text."""

import math
import re
import statistics

from beyond.attacks.invert_update import COLUMNS
from beyond.attacks.membership import FEW
from pages.markdown import table
from pages.page import ROOT, Page
from support.tables import read_table

PAGE = Page("attacks")
SEEDS = (0, 1, 2)  # of read_update
STRANGERS = 10_000  # MNIST's test images


def figures():
    """Return all figures that sentences quote, as text, by name."""
    seconds = {f"seconds_{name}": str(number) for name, number in PAGE.json("seconds").items()}
    return (
        seconds | reading_figures() | trained_figures() | inversion_figures() | membership_figures()
    )


def labels_in(screen):
    """Return how many labels of single images were read, as text."""
    return re.search(r"bias: (\d+ of \d+)", screen)[1]


def digits_in(screen, scheme):
    """Return of how many clients all digits were read, and how many of 100 answers were right, as text."""
    return re.search(rf"{scheme}: (\d+) of 10 clients exactly, (\d+) of 100", screen).groups()


def error_in(screen):
    """Return the largest error of a layer's input, as text."""
    return re.search(r"error ([\d.e-]+)", screen)[1]


def reading_figures():
    """Return what sentences quote about reading an update, as text."""
    screens = [PAGE.screen(f"read_update_{seed}") for seed in SEEDS]
    known = {"labels_read": labels_in(screens[0]), "fc1_error": max(map(error_in, screens))}
    for scheme in ("Shards", "Dirichlet 0.5", "IID"):
        name = scheme.split()[0].lower()
        (first, answers), *others = (digits_in(screen, scheme) for screen in screens)
        known[f"digits_{name}"], known[f"answers_{name}"] = first, answers
        known[f"digits_{name}_others"] = " and ".join(exact for exact, _ in others)
    return known


def inversion_rows():
    """Return {case: [row]} of the recorded inversions, in their order; ranks and so on are numbers."""
    cases = {}
    for row in read_table(PAGE.recorded / "inversion.csv", COLUMNS):
        cases.setdefault(row["case"], []).append(row)
    return cases


def is_found(rows):
    """Return how many of the images were found: rank 1."""
    return sum(row["rank"] == 1 for row in rows)


def inversion_figures():
    """Return what sentences quote about inversion, as text."""
    rows = inversion_rows()
    known = rows["one image that a trained model knows"]
    wrong = rows["one image that a trained model gets wrong"]
    lengths = [row["update_length"] for row in known]
    return {
        "known_shortest": f"{min(lengths):.0e}",
        "known_longest": f"{max(lengths):.0e}",
        "known_first": f"{is_found(known)} of {len(known)}",
        "epoch_length": epoch_length(),
        "worst_readable": f"{min(row['psnr'] for row in wrong if row['rank'] == 1):.0f} dB",
    }


def epoch_length():
    """Return how long the update of a whole epoch is, as text."""
    return f"{inversion_rows()['a whole epoch over 6,000 images'][0]['update_length']:.0f}"


def trained_figures():
    """Return what sentences quote about reading updates of a trained model, as text."""
    screen = PAGE.screen("read_update_trained")
    digits, answers = digits_in(screen, "Shards")
    shards = [row for row in PAGE.rows("digits") if row["scheme"] == "shards"]
    return {
        "trained_labels": labels_in(screen),
        "trained_fc1_error": f"{float(error_in(screen)):.2f}",
        "trained_digits": digits,
        "trained_answers": answers,
        "absent_shards": str(sum(row["images"] == 0 for row in shards)),
    }


def membership_figures():
    """Return how well membership is guessed, as text."""
    screen = PAGE.screen("membership")
    whole, least = re.findall(r"AUC ([\d.]+)", screen)
    most, mean = re.search(r"to ([\d.]+), mean ([\d.]+)", screen).groups()
    scatter = math.sqrt((FEW + STRANGERS + 1) / (12 * FEW * STRANGERS))
    return {
        "auc_global": whole,
        "auc_update_least": least,
        "auc_update_most": most,
        "auc_update_mean": mean,
        "auc_update_scatter": f"{scatter:.2f}",
        "few_update_rate_mean": true_positives()[-1][0],
    }


def true_positives():
    """Return [(percent, its lowest, its highest)]: the global model at 1 % and 0.1 %, then single updates."""
    found = r"positives: ([\d.]+) % \(([\d.]+) % to ([\d.]+) %\)"
    return re.findall(found, PAGE.screen("membership"))


def rates():
    """Return the rows of the table of true-positive rates."""
    cells = ["{} % ({} to {})".format(*rate) for rate in true_positives()]
    return [
        ["the global model, 60,000 members", *cells[:2]],
        ["updates of 60 images, ten clients", *cells[2:]],
    ]


def teaser():
    """Print what the lesson says about this chapter: two sentences, one picture."""
    PAGE.say(
        """**Is it private?** [One chapter](beyond/wire/README.md) listens in on a federation and accounts
        for every byte. [The next](beyond/attacks/README.md) reads what weights tell: the image itself, if a
        client trains on one that is new to the model; and, in round 1, which digits a client owns, exactly
        for {digits_shards} of 10 clients with two to four digits each ({digits_shards_others} with two other
        seeds), and for {digits_iid} of 10 of ours, who own all ten."""
    )
    PAGE.chart(
        "digits",
        """Three charts of ten clients by ten digits: dots are what a client owns, squares what was read off
        its update. Shards: a square around every dot. Dirichlet 0.5: around all but a few tiny dots. IID:
        every client owns every digit.""",
        root=ROOT,
    )


def inversion_table():
    """Print rank, PSNR and the update's length for every case of the grid."""
    lines = []
    for number, (case, rows) in enumerate(inversion_rows().items(), 1):
        names = ("rank", "psnr", "update_length")
        rank, decibels, length = (statistics.median(row[name] for row in rows) for name in names)
        found = f"{is_found(rows)} of {len(rows)}"
        lines.append([number, case, found, f"{rank:,.0f}", f"{decibels:.1f} dB", f"{length:.1e}"])
    header = ["", "the client trained on", "rank 1", "median rank", "median PSNR"]
    table([*header, "length of the update"], lines)
