"""What sections 8.3 to 8.5 of chapter 8's page call: each function prints Markdown."""

from beyond.engine.figures_deployment import facts, recorded_runs
from tools.snippets import ROOT, percent, say, table

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


def whole_file(path, language="text"):
    """Print all of the file `path`, below its name."""
    print(f"\n[{path}](../../{path}):\n\n```{language}\n{(ROOT / path).read_text().strip()}\n```\n")
