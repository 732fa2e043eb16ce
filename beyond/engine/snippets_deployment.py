"""What sections 8.3 to 8.5 of chapter 8's page call: each function prints Markdown."""

import re

from beyond.engine.figures_deployment import FOLDER, facts, recorded_runs
from tools.snippets import ROOT, percent, say, table

QUIET = 0.1  # the part of all cores that others may use
NAMES = {
    "stock": "stock",
    "deployment": "with our SuperExec",
    "secured": "the same, TLS, keys, nginx",
}


def tell_deployment(text):
    """Print a paragraph with the figures of these sections in it."""
    say(text, facts())


def deployment_table():
    """Print seconds, memory, processes and accuracy of the recorded deployments."""
    runs = recorded_runs()
    lines = [
        [
            called,
            ", ".join(f"{seconds:.1f}" for seconds in runs[name]["seconds"]),
            f"{runs[name]['memory_bytes'] / 1e9:.1f} GB",
            runs[name]["processes"],
            percent(runs[name]["accuracies"][-1]),
        ]
        for name, called in NAMES.items()
    ]
    table(["", "seconds a round", "memory", "processes", "accuracy"], lines)


def stranger_at(port):
    """Print what a stranger has come to at a `port`: SuperLink's, or the proxy's."""
    parts = re.split(r"^(?=A stranger)", (FOLDER / "stranger.txt").read_text(), flags=re.MULTILINE)
    (part,) = (part for part in parts if part.startswith(f"A stranger at {port}"))
    print(f"\n```text\n{part.strip()}\n```\n")


def load_note():
    """Say that the machine had other work when the deployments were recorded, if it had."""
    if max(run["load_before"] for run in recorded_runs().values()) > QUIET:
        tell_deployment("""
            The seconds are those of a busy machine: others used {load} of its two cores when this began.
            `python -m beyond.engine.record_deployment` records them again.
        """)


def whole_file(path, language="text"):
    """Print all of the file `path`, below its name."""
    print(f"\n[{path}](../../{path}):\n\n```{language}\n{(ROOT / path).read_text().strip()}\n```\n")
