"""The figures of README.md, of the benchmarks' page and of the architecture's, and how they are shown."""

import json
import math
import statistics

from diagrams.build import WORKED_EXAMPLE, fedavg
from pages.markdown import both_themes, paragraph, percent, table_of
from pages.page import ROOT, Page
from support.tables import read_history

PAGE = Page("lesson")
IMAGES = 60_000  # that clients train on
ARCHIVE = ROOT / "data/MNIST/raw/train-images-idx3-ubyte.gz"


def figures():
    """Return the figures that sentences quote, as text, by name."""
    measured = PAGE.json("figures")
    return {
        **_run_figures(),
        **overhead_figures(),
        "mlp_fast": percent(measured["mlp_accuracy_by_learning_rate"]["0.05"], 0),
        "mlp_slow": percent(measured["mlp_accuracy_by_learning_rate"]["0.01"], 0),
        "memory_by_hand": f"{measured['memory_by_hand_bytes'] / 1e9:.1f} GB",
        "setup_seconds": f"{measured['setup_seconds']}",
        "setup_disk": f"{measured['setup_disk_bytes'] / 1e9:.1f} GB",
    }


def _run_figures():
    """Return what the recorded run came to."""
    before, first, *_, last = rounds = read_history(PAGE.recorded / "lesson")
    settings = PAGE.json("lesson/run")["settings"]
    return {
        "rounds": str(last.round),
        "accuracy_before": percent(before.accuracy, 1),
        "accuracy_first": percent(first.accuracy, 1),
        "accuracy": percent(last.accuracy),
        "payload": f"{first.bytes_sent / first.clients / 1000:.0f} KB",
        "payload_each_way": f"{first.bytes_sent / 1e6:.2f} MB",
        "payload_total": f"{sum(row.bytes_sent for row in rounds) * 2 / 1e6:.0f} MB",
        "payload_client": f"{sum(row.bytes_sent / row.clients for row in rounds[1:]) * 2 / 1e6:.1f} MB",
        "steps": str(math.ceil(IMAGES / last.clients / settings["batch_size"])),
        "archive_size": f"{ARCHIVE.stat().st_size / 1e6:.1f} MB",
        "raw_size": f"{IMAGES * 28 * 28 / 1e6:.0f} MB",
    }


def overhead():
    """Return what benchmarks/overhead.py has measured, {number of clients: figures}."""
    return json.loads((ROOT / "benchmarks/overhead.json").read_text(encoding="utf-8"))


def overhead_figures():
    """Return what was measured with 10 clients and with 100, as text."""
    ten, hundred = overhead()["10"], overhead()["100"]
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


def seeds():
    """Print in a line how runs with other seeds end."""
    accuracies = [row["accuracy"] for row in PAGE.rows("seeds")]
    low, high = (f"{100 * end(accuracies):.2f}" for end in (min, max))
    paragraph(
        f"That is seed 0. Seeds 0 to {len(accuracies) - 1} end between {low} and {high} %, "
        f"half of them above {percent(statistics.median(accuracies))}."
    )


def picture(name, alt):
    """Print a diagram of the lesson in both themes; `alt` says in words what it shows."""
    both_themes(f"diagrams/{name}.{{theme}}.svg", alt.format(**PAGE.figures))


def worked_example():
    """Print the diagram of FedAvg's arithmetic, and the same sum in a line."""
    counts, weights = WORKED_EXAMPLE["num_examples"], WORKED_EXAMPLE["weights"]
    total = sum(counts)
    result = fedavg(counts, weights)
    pairs = list(zip(counts, weights, strict=True))
    terms = " + ".join(f"{count / total:g} · ({weight:.2f})" for count, weight in pairs)
    picture(
        "fedavg_arithmetic",
        f"FedAvg for one weight: {', '.join(f'{count:,}' for count in counts)} images, weights "
        f"{', '.join(f'{weight:.2f}' for weight in weights)}; {terms} = {result:.2f}. "
        f"A plain mean would give {sum(weights) / len(weights):.2f}.",
    )
    print(
        f"In one line: {terms} = **{result:.2f}**. The client with the most images pulls hardest.\n"
    )


def overhead_table():
    """Print what benchmarks/overhead.py has measured, a line for each number of clients."""
    columns = {
        "clients": "{clients}",
        "rounds": "{rounds}",
        "bare work": "{floor_seconds:.1f} s",
        "federation": "{federation_seconds:.1f} s",
        "ratio": "{ratio:.2f}",
        "memory at its peak": "{peak_memory_gb:.1f} GB",
    }
    table_of(overhead().values(), columns)
