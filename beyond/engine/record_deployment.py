"""Record what sections 8.3 to 8.5 of chapter 8 show; the machine should have nothing else to do.

    python -m beyond.engine.record_deployment             # all of it -> beyond/engine/recorded/
    python -m beyond.engine.record_deployment --only strangers

The parts are deployment (ours and stock Flower one after the other), cost, strangers, faults and hosts.
"""

from support.command_line import run_command
from support.history import read_history
from support.listening import free_port

import json
import subprocess
import sys

import psutil

from benchmarks.footprint import measure
from tools.recorder import keep_screens, record_parts, run
from tools.terminals import ROOT

FOLDER = ROOT / "beyond/engine/recorded"
FIGURES = FOLDER / "deployment.json"
ROUNDS = 3  # of each deployment
SLOW = ("--round-timeout", 600)  # stock Flower on a busy machine takes more than a minute a round


def run_ours(directory, module, *words):
    """Run `python -m beyond.engine.MODULE WORDS` in `directory` and return what it prints."""
    return run(directory, "-m", f"beyond.engine.{module}", *words)


def watched(directory, name, *words):
    """Run a deployment called `name`; keep its screen, and return its figures."""
    place = ("--address", f"127.0.0.1:{free_port()}", "--run", f"results/{name}")
    command = [sys.executable, "-m", "beyond.engine.deployment", *map(str, (*place, *words))]
    screen, load = directory / f"{name}.txt", psutil.cpu_percent(interval=5) / 100
    footprint = measure(command, directory, screen)
    keep_screens(FOLDER, {name: screen.read_text()})
    rows = read_history(directory / "results" / name)[1:]
    return {
        "seconds": [row.seconds for row in rows],
        "accuracies": [row.accuracy for row in rows],
        "memory_bytes": footprint.peak_bytes,
        "processes": footprint.processes,
        "load_before": load,  # the part of all cores that others were using
    }


def record_deployment(directory):
    """Record ten nodes for some rounds, with our SuperExec and without, then with TLS behind the proxy."""
    words = ("--rounds", ROUNDS, *SLOW)
    kept = {
        "deployment": watched(directory, "deployment", *words),
        "stock": watched(directory, "stock", *words, "--stock"),
    }
    make_certificates(directory)
    secure = ("--certificates", "certificates", "--proxy")
    kept["secured"] = watched(directory, "secured", *words, *secure)
    FIGURES.write_text(json.dumps(kept, indent=2) + "\n")


def record_cost(directory):
    """Record what a message costs a Python of its own, the second time that it is started."""
    run_partition(directory)
    *_, cost = (run_ours(directory, "message_cost").splitlines()[-1] for _ in range(2))
    (FOLDER / "message_cost.json").write_text(cost + "\n")


def record_strangers(directory):
    """Record who is refused, and what a stranger can do."""
    make_certificates(directory)
    words = ("--certificates", "certificates")
    for name in ("refusals", "stranger", "flood"):
        keep_screens(FOLDER, {name: run_ours(directory, name, *words)})


def record_faults(directory):
    """Record the drills, with four nodes."""
    for what in ("node", "clientapp", "superexec", "superlink", "serverapp"):
        words = ("--clients", 4, "--rounds", 5, "--address", f"127.0.0.1:{free_port()}")
        keep_screens(FOLDER, {f"fault_{what}": run_ours(directory, "faults", what, *words)})


def record_hosts(directory):
    """Record a federation of network namespaces, each a host, where the machine allows them."""
    if subprocess.run(["unshare", "--net", "true"], capture_output=True).returncode != 0:
        print("Not recorded: network namespaces cannot be made here; it takes root's rights")
        return
    make_certificates(directory)
    run_partition(directory, "--clients", "2")
    screen = run_ours(directory, "hosts", "--certificates", "certificates")
    keep_screens(FOLDER, {"hosts": screen})


def run_partition(directory, *options):
    """Deal the images out, to ten clients if no option says otherwise."""
    run(directory, "partition.py", *options)


def make_certificates(directory):
    """Run make certificates, for the server of hosts.py, too."""
    words = ["make", "certificates", "HOSTS=,IP:10.89.0.1"]
    subprocess.run(words, cwd=directory, check=True, capture_output=True)


PARTS = {
    "deployment": record_deployment,
    "cost": record_cost,
    "strangers": record_strangers,
    "faults": record_faults,
    "hosts": record_hosts,
}


def main(arguments=None):
    """Run the command line described above."""
    record_parts("beyond.engine.record_deployment", __doc__, FOLDER, PARTS, arguments)


if __name__ == "__main__":
    run_command(main, "beyond.engine.record_deployment")
