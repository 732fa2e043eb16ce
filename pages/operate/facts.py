"""What OPERATE.md's source calls: commands and outputs as recorded; each function prints Markdown."""

import csv
import re

from pages.markdown import block, table
from pages.page import Page

PAGE = Page("operate")
WALK = PAGE.json("operate")  # {step: lines}; see recordings.py
HEADER, *HISTORY = WALK["history"][0]["output"].splitlines()  # of the long run, up to the restore
NAMES = {
    "renew": "certificate renewed, SuperLink restarted",
    "rotate": "a key rotated, its SuperNode restarted",
    "revoke": "a node revoked",
    "killed": "SuperLink killed with -9; systemd starts it again",
}


def walked(step, first=0, last=None):
    """Print lines `first` to `last` of a step as typed, each with what the page shows of its output."""
    shown = []
    for line in WALK[step][first:last]:
        if "bring" in line:
            shown.append(f"bring   {line['bring']} -> {line['to']}")
            continue
        shown.append(f"{line['where']}# {line['text']}")
        if "show" in line:
            lines = line["output"].splitlines()
            shown += [without_frame(text) for text in lines if re.search(line["show"], text)]
    block("text", "\n".join(shown))


def without_frame(text):
    """Return a line without what Flower draws between and around its columns."""
    return re.sub(" {3,}", "  ", text.replace("│", " ")).strip()


def rounds_in(lines):
    """Return the rows of lines of the long run's history.csv."""
    return list(csv.DictReader([HEADER, *lines]))


def struck(step):
    """Return the rows of the long run's rounds from the one under way when a step began to its last."""
    told = rounds_in(line["output"] for line in WALK[step] if "grows" in line)
    before, *_, last = (int(row["round"]) for row in told)
    return [row for row in rounds_in(HISTORY) if before < int(row["round"]) <= last]


def in_progress_table():
    """Print what the rounds looked like in which something was done to the federation."""
    lines = []
    for step, name in NAMES.items():
        rows = struck(step)
        seconds = ", ".join(f"{float(row['seconds']):.0f}" for row in rows)
        clients = ", ".join(row["clients"] for row in rows)
        lines.append([name, clients, sum(int(row["failures"]) for row in rows), seconds])
    table(["done in mid-run", "updates in the rounds after", "failures", "seconds"], lines)
