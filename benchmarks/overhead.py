"""What does it cost that the training is federated? One run against the floor, on this machine.

    python benchmarks/overhead.py                        # ten clients, ten rounds, three repetitions
    python benchmarks/overhead.py --clients 100 --rounds 2 --repeat 1

The floor (floor.py) is the same training, averaging and evaluation without Flower. The federation is
federation.py as a user runs it, imports and picture included. They run in turn. One more run, whose clients
carry a clock (timed_client.py), says which part of a round is not training: messages, averaging, evaluation
and the record. The report goes to benchmarks/overhead.json, too.
"""

import argparse
import json
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from support.command_line import positive_int  # noqa: E402
from support.history import read_history  # noqa: E402
from support.machine import available_cores  # noqa: E402


class MemoryWatch(threading.Thread):
    """Samples the memory of a process and all its descendants until it ends; `peak` is in bytes.

    PSS (each page shared by n processes counts 1/n for each) where /proc has it, else RSS.
    """

    def __init__(self, process, every=0.5):
        super().__init__(daemon=True)
        self.root = psutil.Process(process.pid)
        self.every = every
        self.peak = 0

    def run(self):
        """Sample until the process has ended."""
        while self.root.is_running() and self.root.status() != psutil.STATUS_ZOMBIE:
            family = [self.root, *self.root.children(recursive=True)]
            self.peak = max(self.peak, sum(_memory_of(process) for process in family))
            time.sleep(self.every)  # a sampling interval, not a wait for something


def _memory_of(process):
    try:
        memory = process.memory_full_info()
    except psutil.Error:  # it has just ended
        return 0
    return getattr(memory, "pss", 0) or memory.rss


def measure(command, watch_memory=False):
    """Run `command` from the root of the repository; return its seconds and its output, line by line.

    With `watch_memory` the peak in bytes, too; watching costs time, so it is not done in a timed run.
    """
    began = time.perf_counter()
    process = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    watch = MemoryWatch(process)
    if watch_memory:
        watch.start()
    lines = [(time.perf_counter() - began, line) for line in process.stdout]
    if process.wait() != 0:
        sys.exit("".join(line for _, line in lines))
    return {"seconds": time.perf_counter() - began, "peak_bytes": watch.peak, "lines": lines}


def measure_floor(args):
    """Run the floor once."""
    words = ["--clients", args.clients, "--rounds", args.rounds, "--seed", args.seed]
    return measure([sys.executable, "benchmarks/floor.py", *map(str, words)])


def run_federation(args, rounds, directory, program=("federation.py",), watch_memory=False):
    """Run a federation as a user does, its record in `directory`."""
    options = {"--clients": args.clients, "--rounds": rounds, "--seed": args.seed}
    words = [str(word) for pair in options.items() for word in pair]
    return measure([sys.executable, *program, *words, "--run", directory], watch_memory)


def measure_training(args, rounds):
    """Return which part of a round is not training, the median over `rounds` rounds.

    Training takes the sum of the clients' own times, divided by how many of them train at once.
    """
    with tempfile.TemporaryDirectory() as directory:
        program = ("benchmarks/federation_with.py", "server", "benchmarks.timed_client")
        run_federation(args, rounds, directory, program)
        history = read_history(directory)
        logs = "\n".join(log.read_text() for log in Path(directory, "logs").glob("client_*.log"))
    shares = []
    for row in history[1:]:
        seconds = re.findall(rf"^Round {row.round}: ([0-9.]+) s of training$", logs, re.MULTILINE)
        training = sum(map(float, seconds)) / min(available_cores(), args.clients)
        shares.append(1 - training / row.seconds)
    return statistics.median(shares)


def measure_federation(args):
    """Run the federation once; add when its first round began and the median seconds of a round."""
    with tempfile.TemporaryDirectory() as directory:
        result = run_federation(args, args.rounds, directory)
    rounds = {}
    for when, line in result["lines"]:
        if found := re.match(r"Round +(\d+) of \d+: .* ([0-9.]+) s,", line):
            rounds[int(found[1])] = (when, float(found[2]))
    result["seconds_before_round_1"] = rounds[1][0] - rounds[1][1]
    result["seconds_per_round"] = statistics.median(
        seconds for number, (_, seconds) in rounds.items() if number
    )
    return result


def summarize(pairs, peak_bytes, besides_training, args):
    """Return what is reported, as a dict, from [(floor, federation), ...]."""

    def median(which, key):
        return round(statistics.median(pair[which][key] for pair in pairs), 3)

    return {
        "clients": args.clients,
        "rounds": args.rounds,
        "repetitions": len(pairs),
        "floor_seconds": median(0, "seconds"),
        "federation_seconds": median(1, "seconds"),
        "ratio": round(
            statistics.median(pair[1]["seconds"] / pair[0]["seconds"] for pair in pairs), 3
        ),
        "ratios": [round(pair[1]["seconds"] / pair[0]["seconds"], 3) for pair in pairs],
        "seconds_before_round_1": median(1, "seconds_before_round_1"),
        "seconds_per_round": median(1, "seconds_per_round"),
        "part_of_a_round_besides_training": round(besides_training, 3),
        "peak_memory_gb": round(peak_bytes / 1e9, 3),
        "machine": {
            "cores": available_cores(),
            "architecture": platform.machine(),
            "system": platform.system(),
        },
    }


def main():
    """Run the command line described above."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--clients", type=positive_int, default=10)
    parser.add_argument("--rounds", type=positive_int, default=10)
    parser.add_argument("--repeat", type=positive_int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    words = ["--clients", str(args.clients), "--seed", str(args.seed)]
    subprocess.run(
        [sys.executable, "partition.py", *words], cwd=ROOT, check=True, stdout=subprocess.DEVNULL
    )
    pairs = []
    for number in range(args.repeat):
        pairs.append((measure_floor(args), measure_federation(args)))
        floor, federation = (result["seconds"] for result in pairs[-1])
        print(
            f"{number + 1} of {args.repeat}: floor {floor:.1f} s, federation {federation:.1f} s",
            flush=True,
        )
    few = min(args.rounds, 5)
    besides_training = measure_training(args, few)
    with tempfile.TemporaryDirectory() as directory:
        peak_bytes = run_federation(args, min(few, 2), directory, watch_memory=True)["peak_bytes"]
    report(summarize(pairs, peak_bytes, besides_training, args))


def report(summary):
    """Print the summary and add it to the JSON file, which has one for every number of clients."""
    for name, value in summary.items():
        print(f"{name.replace('_', ' '):<34} {value}")
    path = ROOT / "benchmarks" / "overhead.json"
    known = json.loads(path.read_text()) if path.exists() else {}
    known[str(summary["clients"])] = summary
    path.write_text(json.dumps(known, indent=2) + "\n")
    print(f"Wrote {path.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
