"""What was read off updates, read from the recordings: numbers, and the same as text."""

import math
import re
import statistics

from beyond.attacks.membership import FEW, STRANGERS
from pages.markdown import table
from pages.page import ROOT, Page

PAGE = Page("attacks")
SEEDS = (0, 1, 2)  # of read_update


def figures():
    """Return all figures that sentences quote, as text, by name."""
    seconds = {f"seconds_{name}": str(number) for name, number in PAGE.json("seconds").items()}
    return seconds | reading_figures() | inversion_figures() | membership_figures()


def reading_figures():
    """Return what sentences quote about reading an update, as text."""
    first = PAGE.screen("read_update_0")
    known = {
        "labels_read": re.search(r"bias: (\d+ of \d+)", first)[1],
        "fc1_error": max(
            re.search(r"error ([\d.e-]+)", PAGE.screen(f"read_update_{s}"))[1] for s in SEEDS
        ),
    }
    for scheme in ("Shards", "Dirichlet 0.5", "IID"):
        name = scheme.split()[0].lower()
        pattern = rf"{scheme}: (\d+) of 10 clients exactly, (\d+) of 100"
        pairs = [re.search(pattern, PAGE.screen(f"read_update_{seed}")).groups() for seed in SEEDS]
        known[f"digits_{name}"] = pairs[0][0]
        known[f"digits_{name}_others"] = " and ".join(exact for exact, _ in pairs[1:])
        known[f"answers_{name}"] = pairs[0][1]
    return known


def inversion_rows():
    """Return {case: [row]} of the recorded inversions, in their order."""
    cases = {}
    for row in PAGE.rows("inversion"):
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


def inversion_figures():
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


def membership_figures():
    """Return how well membership is guessed, as text."""
    whole, single = re.findall(r"AUC ([\d.]+)", PAGE.screen("membership"))
    members, strangers = FEW, STRANGERS
    return {
        "auc_global": whole,
        "auc_update_least": single,
        "auc_update_scatter": f"{math.sqrt((members + strangers + 1) / (12 * members * strangers)):.2f}",
        "auc_update_most": re.search(r"to ([\d.]+), mean", PAGE.screen("membership"))[1],
        "auc_update_mean": re.search(r"mean ([\d.]+)", PAGE.screen("membership"))[1],
    }


def teaser():
    """Print what the lesson says about this chapter: two sentences, one picture."""
    PAGE.say(
        """**Is it private?** [One chapter](beyond/wire/README.md) listens in on a federation and accounts
        for every byte. [The next](beyond/attacks/README.md) reads what weights tell: which digits a client
        owns, exactly for {digits_shards} of 10 clients, and the very image, if a client trains on one."""
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
    lines = [
        [
            number,
            case,
            f"{first} of {images}",
            f"{rank:,.0f}",
            f"{decibels:.1f} dB",
            f"{length:.1e}",
        ]
        for number, (case, first, images, rank, decibels, length) in enumerate(
            inversion_summary(), 1
        )
    ]
    header = ["", "the client trained on", "rank 1", "median rank", "median PSNR"]
    table([*header, "length of the update"], lines)
