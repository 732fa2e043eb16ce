"""Record what sections 8.6 and 8.7 show.

    python -m beyond.engine.record_secagg               # all of it -> beyond/engine/recorded/
    python -m beyond.engine.record_secagg --only view

The parts are limits, view, single, spoiled, dropout, rounds, nodes, killed and messages.
"""

from support.command_line import run_command
from support.listening import free_port

import re
import shutil

from tools.recorder import keep_screens, record_parts, run
from tools.terminals import ROOT

FOLDER = ROOT / "beyond/engine/recorded"
SECAGG = ("-m", "beyond.engine.secagg")
SHARDS = ("--scheme", "shards", "--rounds", 1)
PATIENT = ("--round-timeout", 300)  # a busy machine is no reason to leave somebody out
OURS = re.compile(r"^(Round|Client|Left out|Waiting|The record|Wrote results)", re.MULTILINE)


def keep_lines(name, screen):
    """Keep what a command of the simulation has printed: our lines, without Flower's log between them."""
    lines = [line for line in screen.splitlines() if OURS.match(line)]
    keep_screens(FOLDER, {name: "\n".join(lines) + "\n"})


def record_limits(directory):
    """Record how many bits a key has as a seed, and how long they take to try."""
    keep_screens(FOLDER, {"secagg_limits": run(directory, "-m", "beyond.engine.secagg_limits")})


def record_view(directory):
    """Record what the server holds of a round, and the picture of it."""
    words = (*SHARDS, "--learning-rate", 0.01, "--curious", *PATIENT)
    run(directory, *SECAGG, *words, "--run", "results/seen")
    keep_screens(FOLDER, {"secagg_view": run(directory, "-m", "beyond.engine.secagg_view")})
    shutil.copyfile(directory / "results/seen/held.png", FOLDER / "secagg_held.png")
    shutil.copyfile(directory / "results/seen/secagg_bytes.csv", FOLDER / "secagg_bytes.csv")


def record_single(directory):
    """Record what a server that singles one client out reads, of clients that refuse nothing, and of ours."""
    words = (*SHARDS[:2], "--learning-rate", 0.01, "--single-out", 3, *PATIENT)
    screens = {}
    for name, more in {"trusting": ["--trusting"], "careful": []}.items():
        place = f"results/{name}"
        refusals = run(directory, *SECAGG, *words, *more, "--run", place)
        opened = run(directory, "-m", "beyond.engine.secagg_opened", "--run", place)
        screens[f"secagg_opened_{name}"] = opened
    screens["secagg_refusals"] = "".join(
        re.findall("^Round .*Client 0 refuses: .*\n", refusals, re.M)
    )
    keep_screens(FOLDER, screens)


def record_spoiled(directory):
    """Record a round that a client, whose training diverges, leaves by itself."""
    keep_lines("secagg_spoiled", run(directory, *SECAGG, *SHARDS, *PATIENT))


def record_dropout(directory):
    """Record a round that a client leaves in the middle."""
    words = ("--rounds", 3, "--drop-out", 3, *PATIENT)
    keep_lines("secagg_dropout", run(directory, *SECAGG, *words, "--run", "results/gone"))


def record_rounds(directory):
    """Record the lesson's ten rounds, with secure aggregation."""
    keep_lines("secagg_rounds", run(directory, *SECAGG, *PATIENT, "--run", "results/secagg"))
    shutil.copyfile(directory / "results/secagg/history.csv", FOLDER / "secagg_history.csv")


def record_nodes(directory):
    """Record two rounds with five SuperNodes."""
    command = ("-m", "beyond.engine.secagg_deployment", "--address", f"127.0.0.1:{free_port()}")
    words = ("--clients", 5, "--rounds", 2, *PATIENT, "--run", "results/nodes")
    keep_lines("secagg_nodes", run(directory, *command, *words))


def record_killed(directory):
    """Record what becomes of masked rounds when a SuperNode is killed in one."""
    words = ("--clients", 6, "--rounds", 5, "--address", f"127.0.0.1:{free_port()}")
    screen = run(directory, "-m", "beyond.engine.faults", "masked", *words)
    keep_screens(FOLDER, {"fault_masked": screen})


def record_messages(directory):
    """Record three rounds of the lesson in the Message API."""
    words = ("--rounds", 3, *PATIENT, "--run", "results/messages")
    run(directory, "-m", "beyond.engine.messages", *words)
    shutil.copyfile(directory / "results/messages/history.csv", FOLDER / "messages_history.csv")


PARTS = {
    "limits": record_limits,
    "view": record_view,
    "single": record_single,
    "spoiled": record_spoiled,
    "dropout": record_dropout,
    "rounds": record_rounds,
    "nodes": record_nodes,
    "killed": record_killed,
    "messages": record_messages,
}


def main(arguments=None):
    """Run the command line described above."""
    record_parts("beyond.engine.record_secagg", __doc__, FOLDER, PARTS, arguments)


if __name__ == "__main__":
    run_command(main, "beyond.engine.record_secagg")
