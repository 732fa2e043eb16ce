"""The figures of sections 8.3 to 8.5, read from their recordings, as text."""

import json
import re
from statistics import mean

from flwr.app import ArrayRecord, ConfigRecord, RecordDict
from flwr.supercore.inflatable.inflatable_object import get_all_nested_objects

from beyond.engine.packed_messages import packed
from beyond.engine.superexec import VERSIONS
from model import get_weights, make_model
from tools.snippets import percent
from tools.terminals import ROOT

FOLDER = ROOT / "beyond/engine/recorded"
DRILLED = r"^Round (\d+): (\d+) clients, (\d+) failures, accuracy [\d.]+%, (\d+) s$"


def recorded_runs():
    """Return {name: figures} of the deployments, as record_deployment.py has measured them."""
    return json.loads((FOLDER / "deployment.json").read_text())


def drill(name):
    """Return [(round, clients, failures, seconds), ...] of a drill."""
    text = (FOLDER / f"fault_{name}.txt").read_text()
    return [tuple(map(int, row)) for row in re.findall(DRILLED, text, re.MULTILINE)]


def facts():
    """Return what sentences quote, by name."""
    runs = recorded_runs()
    seconds = {name: mean(run["seconds"]) for name, run in runs.items()}
    about = {f"seconds_{name}": f"{value:.1f}" for name, value in seconds.items()}
    for name, run in runs.items():
        about[f"memory_{name}"] = f"{run['memory_bytes'] / 1e9:.1f} GB"
        about[f"processes_{name}"] = str(run["processes"])
        about[f"accuracy_{name}"] = percent(run["accuracies"][-1])
    about["load"] = percent(max(run["load_before"] for run in runs.values()), 0)
    rounds = len(runs["stock"]["seconds"])
    about |= {
        "times_faster": f"{seconds['stock'] / seconds['deployment']:.1f}",
        "rounds": str(rounds),
    }
    cost = json.loads((FOLDER / "message_cost.json").read_text())
    about |= {f"cpu_{name}": f"{seconds:.1f}" for name, seconds in cost.items()}
    about["cpu_round"] = f"{10 * sum(cost.values()) / 2:.0f}"  # ten clients on two cores
    update = sum(array.nbytes for array in get_weights(make_model()))
    about["update_bytes"] = f"{update:,}"
    return {**about, **_parts(), **_fault_facts(), "version": VERSIONS[0]}


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
        rows = drill(name)
        told[f"{name}_before"], told[f"{name}_struck"] = str(rows[2][3]), str(rows[3][3])
    return told
