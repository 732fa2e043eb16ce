"""What cog calls inside the Markdown pages: code, recorded outputs and figures, never typed by hand.

Each function prints Markdown. `make readme` runs them all; tests fail when a page differs from what they
would print.
"""

import ast
import csv
import json
import re
import sys
import textwrap

from tools.terminals import ROOT

sys.path.insert(0, str(ROOT / "diagrams"))
from build import WORKED_EXAMPLE, fedavg  # noqa: E402

RECORDED = ROOT / "recorded"


def listing(path, *names):
    """Print the code of `names` ("function", "Class" or "Class.method") in the file `path`."""
    source = (ROOT / path).read_text()
    lines = source.splitlines()
    nodes = {name: _find(ast.parse(source), name) for name in names}
    parts = [
        textwrap.dedent("\n".join(lines[_first_line(node) - 1 : node.end_lineno]))
        for node in nodes.values()
    ]
    _block("python", ("\n\n" if "." in names[0] else "\n\n\n").join(parts))


def _find(tree, name):
    for part in name.split("."):
        tree = next(node for node in tree.body if getattr(node, "name", None) == part)
    return tree


def _first_line(node):
    return min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])


def opening(path, name):
    """Print the beginning of the class `name` in the file `path`, up to the end of its __init__."""
    source = (ROOT / path).read_text()
    tree = ast.parse(source)
    first, last = _find(tree, name).lineno, _find(tree, f"{name}.__init__").end_lineno
    _block("python", "\n".join(source.splitlines()[first - 1 : last]))


def transcript(name, first=None, last=None, leave_out=None, only=None):
    """Print the recorded screen `name`, from the line that matches `first` to the last that matches `last`.

    Runs of lines that match `leave_out` become one line of dots; with `only`, other lines are not shown.
    """
    lines = [
        line.rstrip().expandtabs(4) for line in (RECORDED / f"{name}.txt").read_text().splitlines()
    ]
    start = _position(lines, first, 0)
    end = len(lines) - _position(lines[::-1], last, 0)
    shown = []
    for line in lines[start:end]:
        if only and not re.search(only, line):
            continue
        if leave_out and re.search(leave_out, line):
            line = "..."
        if not (line == "..." and shown and shown[-1] == "..."):
            shown.append(line)
    _block("text", "\n".join(shown).strip("\n"))


def _position(lines, pattern, default):
    if pattern is None:
        return default
    return next(number for number, line in enumerate(lines) if re.search(pattern, line))


def figures():
    """Return the figures of the recorded run that pages quote, as text, by name."""
    with open(RECORDED / "lesson/history.csv", newline="") as file:
        rounds = list(csv.DictReader(file))
    measured = json.loads((RECORDED / "figures.json").read_text())
    by_clients = json.loads((ROOT / "benchmarks/overhead.json").read_text())
    overhead = by_clients["10"]
    besides = {
        clients: f"{100 * entry['part_of_a_round_besides_training']:.0f} %"
        for clients, entry in by_clients.items()
    }
    payload = int(rounds[1]["bytes_sent"]) / int(rounds[1]["clients"])
    return {
        "rounds": str(len(rounds) - 1),
        "accuracy_before": f"{float(rounds[0]['accuracy']):.1%}".replace("%", " %"),
        "accuracy_first": f"{float(rounds[1]['accuracy']):.1%}".replace("%", " %"),
        "accuracy": f"{float(rounds[-1]['accuracy']):.2%}".replace("%", " %"),
        "payload": f"{payload / 1000:.0f} KB",
        "payload_each_way": f"{int(rounds[1]['bytes_sent']) / 1e6:.2f} MB",
        "payload_total": f"{sum(int(row['bytes_sent']) for row in rounds) * 2 / 1e6:.0f} MB",
        "memory_by_hand": f"{measured['memory_by_hand_bytes'] / 1e9:.1f} GB",
        "memory_together": f"{overhead['peak_memory_gb']:.1f} GB",
        "run_seconds": f"{overhead['federation_seconds']:.0f}",
        "besides": besides["10"],
        "besides_100": besides["100"],
        "run_ratio": f"{overhead['ratio']:.2f}",
        "run_ratio_100": f"{by_clients['100']['ratio']:.2f}",
        "rounds_100": str(by_clients["100"]["rounds"]),
        "memory_100": f"{by_clients['100']['peak_memory_gb']:.0f} GB",
        "setup_seconds": f"{measured['setup_seconds']}",
        "setup_disk": f"{measured['setup_disk_bytes'] / 1e9:.1f} GB",
    }


def say(text):
    """Print a paragraph with figures in it: say("It takes {run_seconds} s.")."""
    print("\n" + textwrap.fill(" ".join(text.split()).format(**figures()), 110) + "\n")


def picture(name, alt):
    """Print a diagram in both themes; `alt` says what it shows."""
    print(
        f'\n<picture>\n  <source media="(prefers-color-scheme: dark)" srcset="diagrams/{name}.dark.svg">\n'
        f'  <img src="diagrams/{name}.light.svg" width="760" alt="{alt}">\n</picture>\n'
    )


def worked_example():
    """Print the diagram of FedAvg's arithmetic, and the same sum in a line."""
    counts, weights = WORKED_EXAMPLE["num_examples"], WORKED_EXAMPLE["weights"]
    total = sum(counts)
    result = fedavg(counts, weights)
    terms = " + ".join(
        f"{count / total:g} · ({weight:.2f})" for count, weight in zip(counts, weights, strict=True)
    )
    picture(
        "fedavg_arithmetic",
        f"FedAvg for one weight: {', '.join(f'{count:,}' for count in counts)} images, weights "
        f"{', '.join(f'{weight:.2f}' for weight in weights)}; {terms} = {result:.2f}. "
        f"A plain mean would give {sum(weights) / len(weights):.2f}.",
    )
    print(f"In one line: {terms} = **{result:.2f}**. The client with most images pulls hardest.\n")


def chart():
    """Print the recorded run's accuracy.png; its alternative text says what the curve does."""
    alt = (
        "Line chart: test accuracy of the global model by round, from {accuracy_before} before training to "
        "{accuracy_first} after round 1 and {accuracy} after round {rounds}."
    ).format(**figures())
    print(f'\n<img src="recorded/lesson/accuracy.png" width="760" alt="{alt}">\n')


def _block(language, text):
    print(f"\n```{language}\n{text}\n```\n")
