"""The figures of sections 8.3 to 8.5, read from their recordings, as text."""

import json
import re
from statistics import mean

from beyond.engine.superexec import VERSIONS
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
    about["load"] = f"{runs['deployment'].get('load_before', 10):.0f}"
    rounds = len(runs["stock"]["seconds"])
    about |= {
        "times_faster": f"{seconds['stock'] / seconds['deployment']:.1f}",
        "rounds": str(rounds),
    }
    cost = json.loads((FOLDER / "message_cost.json").read_text())
    about |= {f"cpu_{name}": f"{seconds:.1f}" for name, seconds in cost.items()}
    return {**about, **_fault_facts(), "version": VERSIONS[0]}


def _fault_facts():
    """Return the seconds of the round that was struck, and of the one before."""
    told = {}
    for name in ("node", "superlink"):
        rows = drill(name)
        told[f"{name}_before"], told[f"{name}_struck"] = str(rows[2][3]), str(rows[3][3])
    return told
