"""What the pages' sources call: code, recorded outputs and figures, never typed by hand.

Each function prints Markdown. `make readme` runs them all; tests fail when a page differs from what they
would print. A chapter has a module of its own for what it alone shows, and builds it from these.
"""

import ast
import csv
import importlib
import json
import re
import statistics
import textwrap

from diagrams.build import WORKED_EXAMPLE, fedavg
from tools.terminals import ROOT

RECORDED = ROOT / "recorded"
SEEDS = RECORDED / "seeds.csv"
WIDTH = 110  # characters in a line of prose


def listing(path, *names):
    """Print the code of `names` ("function", "Class" or "Class.method") in the file `path`."""
    source = (ROOT / path).read_text()
    lines = source.splitlines()
    nodes = {name: _find(ast.parse(source), name) for name in names}
    parts = [
        textwrap.dedent("\n".join(lines[_first_line(node) - 1 : node.end_lineno]))
        for node in nodes.values()
    ]
    _block("python", "\n\n\n".join(parts))


def teaser(chapter, name="teaser"):
    """Print what beyond/`chapter` has its function `name` say on the lesson's page; nothing if it is gone."""
    if (ROOT / "beyond" / chapter).exists():
        getattr(importlib.import_module(f"beyond.{chapter}.snippets"), name)()


def file_listing(path):
    """Print all of the file `path`, below a line that names it."""
    print(f"\n`{path}`:")
    _block("python", (ROOT / path).read_text().strip())


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


def transcript(path, first=None, last=None, leave_out=None, only=None):
    """Print the recorded screen in the file `path`, from a line that matches `first` to the last that
    matches `last`; raise ValueError if that is nothing.

    Runs of lines that match `leave_out` become one line of dots; with `only`, other lines are not shown.
    """
    lines = [line.rstrip().expandtabs(4) for line in (ROOT / path).read_text().splitlines()]
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
    if not shown:
        raise ValueError(f"{path} has nothing from {first} to {last}; record it again")
    _block("text", "\n".join(shown).strip("\n"))


def _position(lines, pattern, default):
    if pattern is None:
        return default
    return next(number for number, line in enumerate(lines) if re.search(pattern, line))


def figures():
    """Return the figures that pages quote, as text, by name."""
    measured = json.loads((RECORDED / "figures.json").read_text())
    return {
        **_run_figures(),
        **_overhead_figures(),
        "mlp_fast": percent(measured["mlp_accuracy_by_learning_rate"]["0.05"], 0),
        "mlp_slow": percent(measured["mlp_accuracy_by_learning_rate"]["0.01"], 0),
        "memory_by_hand": f"{measured['memory_by_hand_bytes'] / 1e9:.1f} GB",
        "setup_seconds": f"{measured['setup_seconds']}",
        "setup_disk": f"{measured['setup_disk_bytes'] / 1e9:.1f} GB",
    }


def _run_figures():
    """Return what the recorded run came to."""
    with open(RECORDED / "lesson/history.csv", newline="") as file:
        rounds = list(csv.DictReader(file))
    payload = int(rounds[1]["bytes_sent"]) / int(rounds[1]["clients"])
    accuracies = [float(row["accuracy"]) for row in rounds]
    return {
        "rounds": str(len(rounds) - 1),
        "accuracy_before": percent(accuracies[0], 1),
        "accuracy_first": percent(accuracies[1], 1),
        "accuracy": percent(accuracies[-1]),
        "payload": f"{payload / 1000:.0f} KB",
        "payload_each_way": f"{int(rounds[1]['bytes_sent']) / 1e6:.2f} MB",
        "payload_total": f"{sum(int(row['bytes_sent']) for row in rounds) * 2 / 1e6:.0f} MB",
    }


def _overhead_figures():
    """Return what benchmarks/overhead.py has measured, with 10 clients and with 100."""
    ten, hundred = _overhead()["10"], _overhead()["100"]
    return {
        "run_seconds": f"{ten['federation_seconds']:.0f}",
        "memory_together": f"{ten['peak_memory_gb']:.1f} GB",
        "run_ratio": f"{ten['ratio']:.2f}",
        "besides": percent(ten["part_of_a_round_besides_training"], 0),
        "events_part": f"{ten['part_of_a_round_for_events']:.2%}".replace("%", " %"),
        "run_ratio_100": f"{hundred['ratio']:.2f}",
        "besides_100": percent(hundred["part_of_a_round_besides_training"], 0),
        "rounds_100": str(hundred["rounds"]),
        "memory_100": f"{hundred['peak_memory_gb']:.0f} GB",
    }


def _overhead():
    return json.loads((ROOT / "benchmarks/overhead.json").read_text())


def percent(fraction, digits=2):
    """Return a fraction as text: "99.14 %"."""
    return f"{100 * fraction:.{digits}f} %"


def say(text, known=None):
    """Print a paragraph with figures, the lesson's or those `known`: say("It takes {run_seconds} s.")."""
    filled = " ".join(text.split()).format(**(figures() if known is None else known))
    lines = textwrap.fill(filled, WIDTH, break_long_words=False, break_on_hyphens=False)
    print(f"\n{lines}\n")


def seeds():
    """Print in a line what other seeds come to."""
    with open(SEEDS, newline="") as file:
        accuracies = [float(row["accuracy"]) for row in csv.DictReader(file)]
    low, high = (f"{100 * end(accuracies):.2f}" for end in (min, max))
    say(
        f"That is seed 0. The seeds 0 to {len(accuracies) - 1} end between {low} and {high} %, "
        f"half of them above {percent(statistics.median(accuracies))}."
    )


def image(path, alt, width=760):
    """Print a picture at `path`, as seen from the page; `alt` says in words what it shows."""
    print(f'\n<img src="{path}" width="{width}" alt="{" ".join(alt.split())}">\n')


def overhead_table():
    """Print what benchmarks/overhead.py has measured, a line for each number of clients."""
    header = ["clients", "rounds", "bare work", "federation", "ratio", "memory at its peak"]
    lines = [
        [
            run["clients"],
            run["rounds"],
            f"{run['floor_seconds']:.1f} s",
            f"{run['federation_seconds']:.1f} s",
            f"{run['ratio']:.2f}",
            f"{run['peak_memory_gb']:.1f} GB",
        ]
        for run in _overhead().values()
    ]
    table(header, lines)


def picture(name, alt):
    """Print a diagram of the lesson in both themes; `alt` says in words what it shows."""
    alt = " ".join(alt.split()).format(**figures())
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
    )
    image("recorded/lesson/accuracy.png", alt.format(**figures()))


def table(header, lines):
    """Print a Markdown table."""
    lines = [header, ["---"] * len(header), *lines]
    print("\n" + "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines) + "\n")


def _block(language, text):
    print(f"\n```{language}\n{text}\n```\n")
