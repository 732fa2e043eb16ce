"""Submit the app to a SuperLink of ours, wait for its end, and say in one line why it failed if it did."""

from support.command_line import NothingToDo, RunError, UserError
from support.run_record import last_commit, last_recorded_round

import copy
import re
from pathlib import Path

import tomli_w

from beyond.engine.private_flower import SUPERLINK
from beyond.engine.run_config import as_run_config
from beyond.engine.tracebacks import Tracebacks

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
    file.write_text(tomli_w.dumps(as_run_config(changed)))
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
    if complaint := COMPLAINT.search(said):
        kind = {"UserError": UserError, "RunError": RunError}[complaint[1]]
        raise kind(complaint[2])
    if news := re.search(r"^.* has finished \d+ rounds; .*$", said, re.MULTILINE):
        raise NothingToDo(news[0])
    check_end(args, before, lines, flower.logs)


def check_end(args, before, lines, logs):
    """Raise RunError if the run has not come to a good end, with all of its rounds on record.

    `before` is what last_commit said before the run, `lines` are its ServerLines.
    """
    is_new = last_commit(args.run) != before
    last = last_recorded_round(args.run) if is_new else None
    if lines.has_ended_well and last == args.rounds:
        return
    when = "before its first round" if last is None else f"after round {last} of {args.rounds}"
    cause = f": {lines.tracebacks.last}" if lines.tracebacks.last else ""
    raise RunError(f"the run has ended {when}{cause}; {logs}/ says more")
