"""How many rounds does FedAvg need in the setting of the paper that it comes from?

    python -m beyond.communication.paper --learning-rate 0.01         # our CNN, both ways of splitting
    python -m beyond.communication.paper --tune 0.003 0.01 0.03       # which learning rate?
    python -m beyond.communication.paper --model paper --minutes 30   # the paper's CNN, as far as it gets

McMahan et al. 2017 (arXiv 1602.05629), Table 2: 100 clients of 600 images, a tenth of them in each round
(C = 0.1), five local epochs (E = 5) in batches of ten (B = 10); rounds until the test accuracy is 99 %, IID
and with two shards of 300 images a client. Real federations: 100 client processes, which take 4 GB. A run
ends when it reaches that, or when its --minutes are over. The result goes to recorded/mcmahan.json, from
which the page is made; for trials give another --output.
"""

import json
import math
import os
import re
import subprocess
import sys
import tempfile
import time
from collections import deque
from pathlib import Path

from beyond.heterogeneity.results import rounds_to
from support.argument_types import address, natural_int, positive_float, positive_int
from support.command_line import ROOT, Options, RunError, UserError, parse_options, run_command
from support.files import replaced_file
from support.listening import check_port_is_free
from support.run_record import make_run_directory
from support.tables import read_history

TARGET = 0.99
PAPERS_ROUNDS = {"iid": 20, "shards": 229}  # Table 2, CNN, E = 5, B = 10
MOST_ROUNDS = 2000
FEDERATIONS = {
    "ours": "beyond.heterogeneity.federation",
    "paper": "beyond.communication.paper_cnn",
}
TUNING_ROUNDS = 10
RESULTS = Path(__file__).parent / "recorded/mcmahan.json"
ROUND = re.compile(r"Round +(\d+) of \d+: accuracy ([0-9.]+)%")


def command(args, scheme, learning_rate, rounds):
    """Return the words that start one federation in the paper's setting."""
    setting = {
        "--clients": args.clients,
        "--scheme": scheme,
        "--fraction-fit": 0.1,
        "--local-epochs": 5,
        "--batch-size": 10,
        "--learning-rate": learning_rate,
        "--rounds": rounds,
        "--seed": args.seed,
        "--address": args.address,
        "--patience": 600,  # no client is given up on a busy machine
        "--round-timeout": 600,
        "--run": "run",
    }
    words = [word for pair in setting.items() for word in pair]
    return list(map(str, [sys.executable, "-m", FEDERATIONS[args.model], *words]))


def accuracies_of(args, scheme, learning_rate, rounds, target=math.inf):
    """Run one federation until it reaches `target`, or until its --minutes or its `rounds` are over.

    Returns the accuracies after round 0, 1, ... Raises RunError if the federation fails or lacks clients.
    """
    words = command(args, scheme, learning_rate, rounds)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as directory:
        federate(words, directory, args, target)
        history = read_history(Path(directory, "run"))
    for row in history[1:]:
        if (row.clients, row.failures) != (max(args.clients // 10, 1), 0):
            raise RunError(
                f"in round {row.round} only {row.clients} clients took part; run it again"
            )
    return [row.accuracy for row in history]


def federate(words, directory, args, target):
    """Run the command `words` in `directory`; end it when it reaches `target`, or after --minutes.

    Raises RunError if it fails before that.
    """
    latest = deque(maxlen=3)
    deadline = time.monotonic() + 60 * args.minutes
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(words, cwd=directory, env=environment, **streams)
    try:
        over = watch(process.stdout, args, target, deadline, latest)
    finally:
        process.terminate()
        status = process.wait()
    if status != 0 and not over:
        raise RunError(f"the federation failed: {' '.join(''.join(latest).split())}")


def watch(lines, args, target, deadline, latest):
    """Read what the server prints; return True at `target` or past `deadline`, False if it ends before that.

    `latest` keeps the last lines.
    """
    for line in lines:
        latest.append(line)
        if found := ROUND.match(line):
            if int(found[1]) % args.show_every == 0:
                print(line, end="", flush=True)
            if float(found[2]) >= 100 * target or time.monotonic() > deadline:
                return True
    return False


def tune(args):
    """Return which of the learning rates in `args.tune` gets farthest in ten rounds with IID data.

    Raises RunError if ten rounds take longer than --minutes.
    """
    reached = {}
    for rate in args.tune:
        accuracies = accuracies_of(args, "iid", rate, TUNING_ROUNDS)
        if len(accuracies) <= TUNING_ROUNDS:
            raise RunError(f"{TUNING_ROUNDS} rounds take longer than --minutes {args.minutes:g}")
        reached[rate] = max(accuracies)
        print(f"learning rate {rate:g}: {reached[rate]:.2%} in {TUNING_ROUNDS} rounds", flush=True)
    keep(args, "tuning", {f"{rate:g}": accuracy for rate, accuracy in reached.items()})
    return max(reached, key=reached.get)


def keep(args, what, found):
    """Put one result into the file --output, in place of an earlier one of the same network."""
    known = results_in(args.output)
    known.setdefault(args.model, {})[what] = found
    with replaced_file(args.output) as file:
        file.write((json.dumps(known, indent=1) + "\n").encode())


def results_in(output):
    """Return what the JSON file `output` holds: {model: {what: result}}, or {} if there is none.

    Raises UserError if it holds anything else, or if it cannot be replaced.
    """
    path = Path(output)
    make_run_directory(path.parent, option="--output")
    try:
        known = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    except (OSError, ValueError):
        known = None
    if not isinstance(known, dict) or not all(isinstance(found, dict) for found in known.values()):
        raise UserError(f"{path} holds no results of this command; choose another --output")
    return known


def report(model, scheme, accuracies):
    """Print one result beside the paper's."""
    rounds = rounds_to(TARGET, accuracies)
    got = f"{rounds:.1f} rounds to" if rounds is not None else "not yet at"
    print(
        f"{model}, {scheme}: {got} {TARGET:.0%} (paper's CNN in the paper: {PAPERS_ROUNDS[scheme]}); "
        f"{len(accuracies) - 1} rounds run, best {max(accuracies):.2%}",
        flush=True,
    )


def parse(arguments):
    """Return the command line's options."""
    options = Options()
    add = options.add_argument
    add("--model", choices=FEDERATIONS, default="ours", help="our CNN, or the paper's")
    add("--schemes", nargs="+", choices=PAPERS_ROUNDS, default=list(PAPERS_ROUNDS), help="splits")
    add("--learning-rate", type=positive_float, default=0.01, help="of the clients' SGD")
    add("--tune", nargs="+", type=positive_float, metavar="RATE", help="try these rates first")
    add("--minutes", type=positive_float, default=60, help="the most that one run may take")
    add("--show-every", type=positive_int, default=10, help="rounds between two printed lines")
    add("--output", default=RESULTS, help="the JSON file for the results")
    add("--clients", type=positive_int, default=100, help="how many clients share the images")
    add("--seed", type=natural_int, default=0, help="the same seed, the same result")
    add("--address", type=address, default="127.0.0.1:8080", help="HOST:PORT for the servers")
    return parse_options(arguments, [options])


def main(arguments=None):
    """Run the command line described above."""
    args = parse(arguments)
    check_port_is_free(args.address)
    results_in(args.output)  # hours of work will go there
    rate = tune(args) if args.tune else args.learning_rate
    for scheme in args.schemes:
        began = time.monotonic()
        accuracies = accuracies_of(args, scheme, rate, MOST_ROUNDS, TARGET)
        report(args.model, scheme, accuracies)
        setting = {"clients": args.clients, "seed": args.seed, "learning_rate": rate}
        minutes = round((time.monotonic() - began) / 60, 1)
        keep(args, scheme, {**setting, "minutes": minutes, "accuracies": accuracies})


if __name__ == "__main__":
    run_command(main)
