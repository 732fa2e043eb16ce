"""What deployments took, and what became of them when a service was killed."""

import re
from statistics import mean

from flwr.app import ArrayRecord, ConfigRecord, RecordDict
from flwr.supercore.inflatable.inflatable_object import get_all_nested_objects

from beyond.deployment.superexec import VERSIONS
from beyond.engine.packed_messages import packed
from model import get_weights, make_model
from pages.markdown import percent, table
from pages.page import Page

PAGE = Page("deployment")
COUNTED = r"^Round (?P<round>\d+): (?P<clients>\d+) clients, (?P<failures>\d+) failures"
DRILLED = rf"{COUNTED}, .*, (?P<seconds>\d+) s$"
QUIET = 0.1  # the part of all cores that others may use
NAMES = {
    "stock": "stock",
    "deployment": "with our SuperExec",
    "secured": "the same, TLS, keys, nginx",
}


def drill(name):
    """Return the rounds of a drill: dicts of the round, the clients, the failures and the seconds, ints."""
    found = re.finditer(DRILLED, PAGE.screen(f"fault_{name}"), re.MULTILINE)
    return [{what: int(text) for what, text in row.groupdict().items()} for row in found]


def figures():
    """Return what sentences quote, by name."""
    runs, cost = PAGE.json("deployment"), PAGE.json("message_cost")
    stock, ours = (mean(runs[name]["seconds"]) for name in ("stock", "deployment"))
    return {
        **_parts(),
        **_fault_facts(),
        "seconds_stock": f"{stock:.1f}",
        "seconds_deployment": f"{ours:.1f}",
        "times_faster": f"{stock / ours:.1f}",
        "memory_stock": _memory(runs["stock"]),
        "processes_stock": runs["stock"]["processes"],
        "load": percent(_load(), 0),
        "cpu_imports": f"{cost['imports']:.1f}",
        "cpu_training": f"{cost['training']:.1f}",
        "cpu_round": f"{10 * sum(cost.values()) / 2:.0f}",  # ten clients on two cores
        "versions": " or ".join(VERSIONS),
    }


def _memory(run):
    return f"{run['memory_bytes'] / 1e9:.1f} GB"


def _load():
    """Return which part of all cores others used, at the most, when a deployment was recorded."""
    return max(run["load_before"] for run in PAGE.json("deployment").values())


def _parts():
    """Return of how many parts a message to a client consists, as Flower sends it and packed."""
    model, config = ArrayRecord(get_weights(make_model())), ConfigRecord({"server_round": 1})
    content = RecordDict({"model": model, "config": config})
    parts, fewer = (1 + len(get_all_nested_objects(one)) for one in (content, packed(content)))
    return {"parts": str(parts), "parts_packed": str(fewer), "requests": str(4 * 10 * parts)}


def _fault_facts():
    """Return the seconds of the round that was struck, and of the one before."""
    told = {}
    for name in ("node", "clientapp", "superexec", "superlink"):
        _, _, before, struck, *_ = drill(name)
        told |= {f"{name}_before": before["seconds"], f"{name}_struck": struck["seconds"]}
    return told


def deployment_table():
    """Print seconds, memory, processes and accuracy of the recorded deployments."""
    lines = []
    for name, called in NAMES.items():
        run = PAGE.json("deployment")[name]
        seconds = ", ".join(f"{seconds:.1f}" for seconds in run["seconds"])
        accuracy = percent(run["accuracies"][-1])
        lines.append([called, seconds, _memory(run), run["processes"], accuracy])
    table(["", "seconds a round", "memory", "processes", "accuracy"], lines)


def load_note():
    """Say that the machine had other work when the deployments were recorded, if it had."""
    if _load() > QUIET:
        PAGE.say("""
            The seconds are those of a busy machine: others used {load} of its two cores when this began.
            `python -m pages.record deployment/deployment` records them again.
        """)
