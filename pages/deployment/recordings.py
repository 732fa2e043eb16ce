"""Deployments of ten nodes and drills with four; the machine should have nothing else to do."""

import json

import psutil

from benchmarks.footprint import measure
from pages.record import Recording, keep_json, keep_screens, run, words_of
from support.tables import read_history

DRILLS = ("node", "clientapp", "superexec", "superlink", "serverapp")
# Stock Flower on a busy machine takes more than a minute a round.
COMMAND = (
    "python -m beyond.deployment.federation --rounds 3 --round-timeout 600 --address {address}"
)
VARIANTS = {"deployment": "", "stock": "--stock", "secured": "--certificates certificates --proxy"}


def compare(directory, recorded):
    """Run ten nodes with our SuperExec and without, then with TLS behind the proxy; keep all figures."""
    run(directory, "make certificates")
    kept = {name: watched(directory, recorded, name, more) for name, more in VARIANTS.items()}
    keep_json(recorded / "deployment.json", kept)


def watched(directory, recorded, name, more):
    """Run one deployment; keep its screen, and return its figures."""
    screen, load = directory / f"{name}.txt", psutil.cpu_percent(interval=5) / 100
    words = words_of(f"{COMMAND} --run results/{name} {more}")
    footprint = measure(words, directory, screen)
    keep_screens(recorded, {name: screen.read_text(encoding="utf-8")})
    rows = read_history(directory / "results" / name)[1:]
    return {
        "seconds": [row.seconds for row in rows],
        "accuracies": [row.accuracy for row in rows],
        "memory_bytes": footprint.peak_bytes,
        "processes": footprint.processes,
        "load_before": load,  # the part of all cores that others were using
    }


def cost(directory, recorded):
    """Record what a message costs a Python of its own, the second time that it is started."""
    run(directory, "python partition.py")
    *_, last = (run(directory, "python -m pages.deployment.message_cost") for _ in range(2))
    keep_json(recorded / "message_cost.json", json.loads(last.splitlines()[-1]))


RECORDINGS = {
    "deployment": Recording(function=compare),
    "cost": Recording(function=cost),
    "drills": Recording(
        tuple(
            f"python -m beyond.deployment.kill_drills {what} --clients 4 --rounds 5"
            " --address {address}"
            for what in DRILLS
        ),
        screens=tuple(f"fault_{what}" for what in DRILLS),
    ),
}
