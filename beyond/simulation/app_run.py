"""Submit the app to a SuperLink of ours, wait for its end, and say in one line why it failed if it did."""

import copy
import re
from pathlib import Path

import tomli_w

from beyond.engine.run_config import as_run_config
from beyond.simulation.private_flower import SUPERLINK
from beyond.simulation.tracebacks import Tracebacks
from support.command_line import NothingToDo, RunError, UserError
from support.run_settings import HISTORY, last_commit, read_state
from support.tables import rounds_in

# How a traceback in Flower's log ends that a mistake of ours has begun.
COMPLAINT = re.compile(r"^(?:support\.command_line\.)?(UserError|RunError): (.*)$", re.MULTILINE)

FRAMES = ("╭", "│", "╰")  # what Flower draws around its complaints
BEGINNING, END = "Starting Flower ServerApp", "The record of this run is in "


class ServerLines:
    """Prints what a ServerApp says, as it comes, without what Flower says before and after it.

    Tracebacks are for the log; what the last of them says is in `tracebacks`.
    """

    def __init__(self):
        self.has_begun = False
        self.has_ended_well = False
        self.tracebacks = Tracebacks()

    def take(self, line):
        """Print `line`, if the ServerApp has begun; return whether it was the last."""
        self.has_begun = self.has_begun or BEGINNING in line
        is_for_the_log = self.tracebacks.take(line) or line.startswith(FRAMES)
        if self.has_begun and not is_for_the_log:
            print(line, end="", flush=True)
        self.has_ended_well = self.has_ended_well or line.startswith(END)
        return self.has_ended_well


def write_run_config(directory, args, **changes):
    """Write the run config that says what `args` do, but for `changes` of them; return its path."""
    file = Path(directory, "run_config.toml")
    changed = copy.copy(args)
    vars(changed).update(changes)
    file.write_text(tomli_w.dumps(as_run_config(changed)), encoding="utf-8")
    return file


def run_app(flower, app, args, *options, **changes):
    """Run the app in the directory `app` with the run's options `args`, and return when it has ended.

    `flower` is a PrivateFlower whose SuperLink is up, `options` are more words for `flwr run`, `changes` are
    what the app is told instead of what `args` say. Raises UserError or RunError with the line that the
    ServerApp has ended with, if that was no good end.
    """
    config = write_run_config(flower.home, args, **changes)
    before, lines = last_commit(args.run), ServerLines()
    words = (app, SUPERLINK, "--stream", "--run-config", config, *options)
    said = flower.cli("run", *words, log="flwr_run.log", take=lines.take)
    if news := re.search(r"^.* has finished \d+ rounds; .*$", said, re.MULTILINE):
        raise NothingToDo(news[0])
    last = last_recorded_round(args.run) if last_commit(args.run) != before else None
    if lines.has_ended_well and last == args.rounds:
        return  # what single clients complained about is in the round's own lines
    raise failure(said, lines, f"{flower.logs}/ says more", last, args.rounds)


def last_recorded_round(run):
    """Return the number of the last finished round in `run`, 0 being the untrained model, or None."""
    _, _, files = read_state(run)
    return rounds_in(files[HISTORY], run)[-1].round if HISTORY in files else None


def failure(said, lines, advice, last, rounds):
    """Return the UserError or RunError that says why a run has ended after round `last`, None if before any.

    `said` is what Flower has printed, `lines` are the ServerLines of it.
    """
    if complaint := COMPLAINT.search(said):
        return {"UserError": UserError, "RunError": RunError}[complaint[1]](complaint[2])
    when = "before its first round" if last is None else f"after round {last} of {rounds}"
    cause = f": {lines.tracebacks.last}" if lines.tracebacks.last else ""
    return RunError(f"the run has ended {when}{cause}; {advice}")
