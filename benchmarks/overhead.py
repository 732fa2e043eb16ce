"""What does it cost that the training is federated? One run against the floor, on this machine.

    python -m benchmarks.overhead                        # ten clients, ten rounds, three repetitions
    python -m benchmarks.overhead --clients 100 --rounds 5 --repeat 1

The floor (floor.py) is the same training, averaging and evaluation without Flower. The federation is
federation.py as a user runs it, imports and picture included. They run in turn. One more run, whose clients
carry a clock (timed_client.py), says which part of a round is not training: messages, averaging, evaluation
and the record. Its events are written once more, alone, to see what they take. The report goes to
benchmarks/overhead.json, too.
"""

import json
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks import footprint
from support.argument_types import natural_int, positive_int
from support.command_line import ROOT, Options, RunError, parse_options, run_command
from support.events import EventLog, parsed
from support.files import replaced_file
from support.machine import available_cores
from support.tables import read_history


def measure(words, directory):
    """Run `python -m WORDS` in `directory`; return its seconds and its output, line by line."""
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", *map(str, words)],
        cwd=directory,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
    )
    try:
        lines = [(time.perf_counter() - began, line) for line in process.stdout]
    finally:
        process.terminate()  # if we are stopped
        status = process.wait()
    if status != 0:
        raise RunError("".join(line for _, line in lines))
    return {"seconds": time.perf_counter() - began, "lines": lines}


def options(args, rounds):
    """Return the options that floor and federation share."""
    return ["--clients", args.clients, "--rounds", rounds, "--seed", args.seed]


def measure_training(args, rounds, directory):
    """Return which part of a round is not training, the median over `rounds` rounds.

    Training takes the sum of the clients' own times, divided by how many of them train at once.
    """
    measure(["benchmarks.timed_federation", *options(args, rounds), "--run", "timed"], directory)
    logs = [
        log.read_text(encoding="utf-8")
        for log in Path(directory, "timed/logs").glob("client_*.log")
    ]
    shares = []
    for row in read_history(Path(directory, "timed"))[1:]:
        line = rf"^Round {row.round}: ([0-9.]+) s of training$"
        seconds = [float(found[1]) for log in logs if (found := re.search(line, log, re.MULTILINE))]
        if len(seconds) != args.clients:
            raise RunError(f"only {len(seconds)} clients trained in round {row.round}; try again")
        shares.append(1 - sum(seconds) / min(available_cores(), args.clients) / row.seconds)
    return statistics.median(shares)


def measure_events(directory):
    """Return which part of the timed rounds it takes to write their events: all of them again, alone."""
    events = [
        parsed(line) for line in Path(directory, "timed/events.jsonl").read_bytes().splitlines()
    ]
    Path(directory, "again").mkdir()
    log = EventLog(Path(directory, "again"))
    log.begin()
    began = time.perf_counter()
    for event in events:
        log.tell(**{name: event[name] for name in event if name not in ("time", "seconds")})
    seconds = time.perf_counter() - began
    log.close()
    return seconds / sum(row.seconds for row in read_history(Path(directory, "timed")))


def measure_federation(args, directory):
    """Run the federation once; add when its first round began and the median seconds of a round."""
    result = measure(["federation", *options(args, args.rounds)], directory)
    rounds = {}
    for when, line in result["lines"]:
        if found := re.match(r"Round +(\d+) of \d+: .* ([0-9.]+) s,", line):
            rounds[int(found[1])] = (when, float(found[2]))
    result["seconds_before_round_1"] = rounds[1][0] - rounds[1][1]
    result["seconds_per_round"] = statistics.median(
        seconds for number, (_, seconds) in rounds.items() if number
    )
    return result


def summarize(pairs, peak_bytes, besides_training, events, args):
    """Return what is reported, as a dict, from [(floor, federation), ...]."""

    def median(which, key):
        return round(statistics.median(pair[which][key] for pair in pairs), 3)

    ratios = [round(pair[1]["seconds"] / pair[0]["seconds"], 3) for pair in pairs]
    return {
        "clients": args.clients,
        "rounds": args.rounds,
        "repetitions": len(pairs),
        "floor_seconds": median(0, "seconds"),
        "federation_seconds": median(1, "seconds"),
        "ratio": round(statistics.median(ratios), 3),
        "ratios": ratios,
        "seconds_before_round_1": median(1, "seconds_before_round_1"),
        "seconds_per_round": median(1, "seconds_per_round"),
        "part_of_a_round_besides_training": round(besides_training, 3),
        "part_of_a_round_for_events": round(events, 6),
        "peak_memory_gb": round(peak_bytes / 1e9, 3),
        "machine": machine(),
    }


def machine():
    """Return what was measured on, as a dict."""
    return {
        "cores": available_cores(),
        "architecture": platform.machine(),
        "system": platform.system(),
    }


def main(arguments=None):
    """Run the command line described above."""
    options = Options()
    add = options.add_argument
    add("--clients", type=positive_int, default=10, help="how many clients there are")
    add("--rounds", type=positive_int, default=10, help="of each run")
    add("--repeat", type=positive_int, default=3, help="how often both are run")
    add("--seed", type=natural_int, default=0, help="the same seed, the same result")
    args = parse_options(arguments, [options])
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as directory:
        report(summary_of_runs(args, directory))


def summary_of_runs(args, directory):
    """Make all runs in `directory` and return what is reported."""
    measure(["partition", "--clients", args.clients, "--seed", args.seed], directory)
    pairs = []
    for number in range(args.repeat):
        floor = measure(["benchmarks.floor", *options(args, args.rounds)], directory)
        pairs.append((floor, measure_federation(args, directory)))
        floor, federation = (result["seconds"] for result in pairs[-1])
        print(
            f"{number + 1} of {args.repeat}: floor {floor:.1f} s, federation {federation:.1f} s",
            flush=True,
        )
    besides_training = measure_training(args, min(args.rounds, 5), directory)
    events = measure_events(directory)
    return summarize(pairs, measure_memory(args, directory), besides_training, events, args)


def measure_memory(args, directory):
    """Return the bytes that the federation takes; watching costs time, so no timed run is watched."""
    few = options(args, min(args.rounds, 2))
    words = [sys.executable, str(ROOT / "federation.py"), *map(str, few)]
    return footprint.measure(words, directory, Path(directory, "watched.txt"), pause=0.5).peak_bytes


def report(summary):
    """Print the summary and put it into the JSON file, which has one for every number of clients."""
    for name, value in summary.items():
        print(f"{name.replace('_', ' '):<34} {value}")
    path = ROOT / "benchmarks" / "overhead.json"
    known = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    known[str(summary["clients"])] = summary
    with replaced_file(path) as file:
        file.write((json.dumps(known, indent=2) + "\n").encode())
    print(f"Wrote {path.relative_to(ROOT)}")


if __name__ == "__main__":
    run_command(main)
