"""Record what sections 8.6 and 8.7 show.

    python -m beyond.engine.record_secagg               # all of it -> beyond/engine/recorded/
    python -m beyond.engine.record_secagg --only view

The parts are limits, view, spoiled, dropout, rounds, nodes and messages.
"""

from support.command_line import OneLineParser, run_command

import re
import shutil
import socket
import subprocess
import sys

from tools.terminals import ROOT, working_copy

FOLDER = ROOT / "beyond/engine/recorded"
SHARDS = ("--scheme", "shards", "--rounds", 1)
PATIENT = (
    "--round-timeout",
    300,
)  # a machine that has other work, too, is no reason to leave somebody out
OURS = re.compile(r"^(Round|Client|Left out|Waiting|The record|Wrote results)", re.MULTILINE)


def run(directory, module, *words):
    """Run `python -m beyond.engine.MODULE WORDS` in `directory` and return what it prints."""
    command = [sys.executable, "-m", f"beyond.engine.{module}", *map(str, words)]
    done = subprocess.run(command, cwd=directory, check=True, stdout=subprocess.PIPE, text=True)
    return done.stdout


def keep(name, screen):
    """Keep what a command of the simulation has printed: our lines, without Flower's log between them."""
    lines = [line for line in screen.splitlines() if OURS.match(line)]
    write(name, "\n".join(lines) + "\n")


def write(name, text):
    """Write a recording."""
    (FOLDER / f"{name}.txt").write_text(text)


def record_limits(directory):
    """Record how many bits a key has as a seed, and how long they take to try."""
    write("secagg_limits", run(directory, "secagg_limits"))


def record_view(directory):
    """Record what the server holds of a round, and the picture of it."""
    words = (*SHARDS, "--learning-rate", 0.01, "--curious", *PATIENT)
    run(directory, "secagg", *words, "--run", "results/seen")
    write("secagg_view", run(directory, "secagg_view"))
    shutil.copyfile(directory / "results/seen/held.png", FOLDER / "secagg_held.png")
    shutil.copyfile(directory / "results/seen/secagg_bytes.csv", FOLDER / "secagg_bytes.csv")


def record_spoiled(directory):
    """Record a round that one client's training, which diverges, spoils for all."""
    status = subprocess.run(
        [sys.executable, "-m", "beyond.engine.secagg", *map(str, (*SHARDS, *PATIENT))],
        cwd=directory,
        stdout=subprocess.PIPE,
        text=True,
    )
    keep("secagg_spoiled", status.stdout)


def record_dropout(directory):
    """Record a round that a client leaves in the middle."""
    words = ("--rounds", 3, "--drop-out", 3, *PATIENT)
    keep("secagg_dropout", run(directory, "secagg", *words, "--run", "results/gone"))


def record_rounds(directory):
    """Record the lesson's ten rounds, with secure aggregation."""
    keep("secagg_rounds", run(directory, "secagg", *PATIENT, "--run", "results/secagg"))
    shutil.copyfile(directory / "results/secagg/history.csv", FOLDER / "secagg_history.csv")


def record_nodes(directory):
    """Record two rounds with five SuperNodes."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    words = ("--clients", 5, "--rounds", 2, *PATIENT, "--address", address)
    keep("secagg_nodes", run(directory, "secagg_deployment", *words, "--run", "results/nodes"))


def record_messages(directory):
    """Record three rounds of the lesson in the Message API."""
    words = ("--rounds", 3, *PATIENT, "--run", "results/messages")
    run(directory, "messages", *words)
    shutil.copyfile(directory / "results/messages/history.csv", FOLDER / "messages_history.csv")


PARTS = {
    "limits": record_limits,
    "view": record_view,
    "spoiled": record_spoiled,
    "dropout": record_dropout,
    "rounds": record_rounds,
    "nodes": record_nodes,
    "messages": record_messages,
}


def main(arguments=None):
    """Run the command line described above."""
    parser = OneLineParser("beyond.engine.record_secagg", __doc__)
    parser.add_argument("--only", choices=PARTS, action="append", help="record this part")
    args = parser.parse_args(arguments)
    FOLDER.mkdir(exist_ok=True)
    with working_copy() as directory:
        for name in args.only or PARTS:
            print(f"Recording: {name}", flush=True)
            PARTS[name](directory)


if __name__ == "__main__":
    run_command(main, "beyond.engine.record_secagg")
