"""How many rounds does FedAvg need in the setting of the paper that it comes from?

    python benchmarks/mcmahan.py --learning-rate 0.01                   # our CNN, both ways of splitting
    python benchmarks/mcmahan.py --tune 0.003 0.01 0.03                 # which learning rate? Ten rounds each
    python benchmarks/mcmahan.py --model paper --minutes 30             # the paper's CNN, as far as it gets

McMahan et al. 2017 (arXiv 1602.05629), Table 2: 100 clients of 600 images, a tenth of them in each round
(C = 0.1), five local epochs (E = 5) in batches of ten (B = 10); rounds until the test accuracy is 99 %, IID
and with two shards of 300 images a client. Real federations: 100 client processes, which takes 4 GB. A run
ends when it has got there, or when its --minutes are over. Adds what it finds to benchmarks/mcmahan.json.
"""

import json
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from beyond.comparison import rounds_to  # noqa: E402
from support.command_line import (  # noqa: E402
    OneLineParser,
    RunError,
    address,
    natural_int,
    positive_float,
    positive_int,
    run_command,
)
from support.history import read_history  # noqa: E402

TARGET = 0.99
PAPERS_ROUNDS = {"iid": 20, "shards": 229}  # Table 2, CNN, E = 5, B = 10
MOST_ROUNDS = 2000
PROGRAMS = {
    "ours": ("server", "client"),
    "paper": ("benchmarks.paper_server", "benchmarks.paper_client"),
}
RESULTS = ROOT / "benchmarks/mcmahan.json"
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
        "--run": "run",
    }
    words = [word for pair in setting.items() for word in pair]
    program = [ROOT / "benchmarks/federation_with.py", *PROGRAMS[args.model]]
    return list(map(str, [sys.executable, *program, *words]))


def accuracies_of(args, scheme, learning_rate, rounds, minutes):
    """Run one federation until it is at TARGET, or its time or its rounds are over.

    Returns the accuracies after round 0, 1, ... Raises RunError if the federation fails.
    """
    deadline = time.monotonic() + 60 * minutes
    with tempfile.TemporaryDirectory() as directory:
        words = command(args, scheme, learning_rate, rounds)
        process = subprocess.Popen(
            words, cwd=directory, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        stopped = False
        try:
            for line in process.stdout:
                found = ROUND.match(line)
                if found and int(found[1]) % args.show_every == 0:
                    print(
                        f"  {args.model}, {scheme}, {learning_rate:g}: {line}", end="", flush=True
                    )
                over = time.monotonic() > deadline
                if found and not stopped and (over or float(found[2]) >= 100 * TARGET):
                    stopped = True
                    process.terminate()
        finally:
            process.terminate()
            status = process.wait()
        if status != 0 and not stopped:
            raise RunError(f"the federation failed; to see why: {' '.join(words)}")
        return [row.accuracy for row in read_history(Path(directory, "run"))]


def tune(args):
    """Return which of the learning rates in `args.tune` gets farthest in ten rounds of IID data."""
    reached = {}
    for rate in args.tune:
        reached[rate] = max(accuracies_of(args, "iid", rate, 10, args.minutes))
        print(f"learning rate {rate:g}: {reached[rate]:.2%} in ten rounds", flush=True)
    keep(args.model, "tuning", {f"{rate:g}": accuracy for rate, accuracy in reached.items()})
    return max(reached, key=reached.get)


def keep(model, what, found):
    """Add one result to RESULTS."""
    known = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    known.setdefault(model, {})[what] = found
    RESULTS.write_text(json.dumps(known, indent=1) + "\n")


def report(model, scheme, accuracies):
    """Print one result beside the paper's."""
    rounds = rounds_to(TARGET, accuracies)
    got = f"{rounds:.1f} rounds to" if rounds is not None else "not yet at"
    print(
        f"{model}, {scheme}: {got} {TARGET:.0%} (paper's CNN in the paper: {PAPERS_ROUNDS[scheme]}); "
        f"{len(accuracies) - 1} rounds run, best {max(accuracies):.2%}",
        flush=True,
    )


def main(arguments=None):
    """Run the command line described above."""
    parser = OneLineParser("benchmarks/mcmahan.py", __doc__)
    add = parser.add_argument
    add("--model", choices=PROGRAMS, default="ours", help="our CNN, or the paper's")
    add("--schemes", nargs="+", choices=PAPERS_ROUNDS, default=list(PAPERS_ROUNDS), help="splits")
    add("--learning-rate", type=positive_float, default=0.01, help="of the clients' SGD")
    add("--tune", nargs="+", type=positive_float, metavar="RATE", help="try these rates before")
    add("--minutes", type=positive_float, default=60, help="the most that one run may take")
    add("--show-every", type=positive_int, default=10, help="rounds between two printed lines")
    add("--clients", type=positive_int, default=100, help="how many clients share the images")
    add("--seed", type=natural_int, default=0, help="the same seed, the same result")
    add("--address", type=address, default="127.0.0.1:8080", help="HOST:PORT for the servers")
    args = parser.parse_args(arguments)
    rate = tune(args) if args.tune else args.learning_rate
    for scheme in args.schemes:
        began = time.monotonic()
        accuracies = accuracies_of(args, scheme, rate, MOST_ROUNDS, args.minutes)
        report(args.model, scheme, accuracies)
        found = {"learning_rate": rate, "seed": args.seed, "accuracies": accuracies}
        keep(args.model, scheme, {**found, "minutes": round((time.monotonic() - began) / 60, 1)})


if __name__ == "__main__":
    run_command(main, "benchmarks/mcmahan.py")
