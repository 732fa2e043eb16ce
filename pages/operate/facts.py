"""What OPERATE.md's source calls: commands and outputs as recorded; each function prints Markdown."""

import csv
import io
import re

from pages.markdown import block, table
from pages.operate.steps import STEPS, Bring
from pages.page import Page

PAGE = Page("operate")
OPERATED = PAGE.json("operate")
NAMES = {
    "renew": "certificate renewed, SuperLink restarted",
    "rotate": "a key rotated, its SuperNode restarted",
    "revoke": "a node revoked",
    "killed": "SuperLink killed with -9; systemd starts it again",
}


def walked(step, first=0, last=None):
    """Print lines `first` to `last` of a step as typed, each with what the page shows of its output."""
    shown = []
    for line, kept in list(zip(STEPS[step], OPERATED[step], strict=True))[first:last]:
        if isinstance(line, Bring):
            shown.append(f"bring   {kept['bring']} -> {kept['to']}")
            continue
        shown.append(f"{kept['where']}# {kept['text']}")
        shown += shown_of(line, kept["output"])
    block("text", "\n".join(shown))


def shown_of(line, output):
    """Return the lines of a recorded output that the page shows, without the frames of tables."""
    if line.show is None:
        return []
    return [without_frame(text) for text in output.splitlines() if re.search(line.show, text)]


def without_frame(text):
    """Return a line without what Flower draws between and around its columns."""
    return re.sub(" {3,}", "  ", text.replace("│", " ")).strip()


def struck(step):
    """Return the rows of the long run's rounds from the one under way when a step began to its last."""
    typed = zip(STEPS[step], OPERATED[step], strict=True)
    told = [int(kept["output"].split(",")[0]) for line, kept in typed if getattr(line, "grows", 0)]
    return [row for row in history() if told[0] < int(row["round"]) <= told[-1]]


def history():
    """Return the rows of the long run's history, up to the restore."""
    return list(csv.DictReader(io.StringIO(OPERATED["history"][0]["output"])))


def in_progress_table():
    """Print what the rounds looked like in which something was done to the federation."""
    lines = []
    for step, name in NAMES.items():
        rows = struck(step)
        seconds = ", ".join(f"{float(row['seconds']):.0f}" for row in rows)
        clients = ", ".join(row["clients"] for row in rows)
        lines.append([name, clients, sum(int(row["failures"]) for row in rows), seconds])
    table(["done in mid-run", "updates in the rounds after", "failures", "seconds"], lines)
