"""What the server holds of masked rounds, and what that costs."""

import json
import re

from beyond.secure_aggregation.app import components
from pages.markdown import block, percent, table
from pages.page import Page
from support.tables import read_history

PAGE = Page("secure_aggregation")
STAGES = {
    "setup": ("public keys, two a client", "the settings of the protocol"),
    "share_keys": (
        "shares of two secrets, encrypted for each of the group",
        "the public keys of a client's group",
    ),
    "collect_masked_vectors": (
        "masked integers",
        "the global model, others' shares for this client",
    ),
    "unmask": ("shares: of masks if a client is there, of keys if it has left", "who is there"),
}


def figures():
    """Return the figures that sentences quote, as text, by name."""
    plain = read_history(Page("lesson").recorded / "lesson")[-1].accuracy
    secure = PAGE.rows("history")[-1]["accuracy"]
    return {
        **view_figures(),
        "accuracy_plain": percent(plain),
        "accuracy_secure": percent(secure),
        "points": f"{100 * abs(plain - secure):.2f}",
    }


def view_figures():
    """Return what the server's view came to, as text."""
    view = PAGE.screen("view")
    return {
        "correlation": re.search(r"update: correlation ([+-][\d.]+)", view)[1],
        "correlation_most": re.search(r"([\d.]+) at most", view)[1],
        "noise": re.search(r"deviation ([\d.]+)", view)[1],
        "read_plain": re.search(r"off the updates: (\d+ of \d+) clients", view)[1],
        "read_masked": re.search(r"server holds: (\d+ of \d+) clients", view)[1],
        "upload": re.search(r"upload: ([\d,]+)", view)[1],
        "upload_plain": re.search(r"([\d,]+) without masks", view)[1],
        "ratio": f"{float(re.search(r'x ([0-9.]+)', view)[1]):.2f}",
    }


def stages_table():
    """Print what goes each way in the four stages, and how many bytes it takes for a client."""
    lines = []
    for number, row in enumerate(PAGE.rows("bytes"), 1):
        up, down = STAGES[row["stage"]]
        sent = row["bytes_sent"] / row["asked"]
        received = row["bytes_received"] / row["replies"]
        lines.append([number, down, f"{sent:,.0f}", up, f"{received:,.0f}"])
    table(["", "server to client", "bytes", "client to server", "bytes"], lines)


def entries(shares=10):
    """Print, as JSON, what makes the bundle's app a secure one."""
    block("json", json.dumps(components(shares), indent=2))
