"""Submit the app to a SuperLink of ours, wait for its end, and say in one line why it failed if it did."""

from support.command_line import NothingToDo, RunError, UserError
from support.run_record import last_commit

import re
from argparse import Namespace
from pathlib import Path

import tomli_w

from beyond.engine.private_flower import SUPERLINK
from beyond.engine.run_config import as_run_config

# How a traceback in Flower's log ends that a mistake of ours has begun.
COMPLAINT = re.compile(r"^(?:support\.command_line\.)?(UserError|RunError): (.*)$", re.MULTILINE)

FRAMES = ("╭", "│", "╰")  # what Flower draws around its complaints
BEGINNING, END = "Starting Flower ServerApp", "The record of this run is in "


class ServerLines:
    """Prints what a ServerApp says, as it comes, without what Flower says before and after it."""

    def __init__(self):
        self.has_begun = False

    def take(self, line):
        """Print `line`, if the ServerApp has begun; return whether it was the last."""
        self.has_begun = self.has_begun or BEGINNING in line
        if self.has_begun and not line.startswith(FRAMES):  # our own line will say it
            print(line, end="", flush=True)
        return line.startswith(END)


def write_run_config(directory, args, **changes):
    """Write the run config that says what `args` do, but for `changes` of them; return its path."""
    file = Path(directory, "run_config.toml")
    changed = Namespace(**{**vars(args), **changes})
    file.write_text(tomli_w.dumps(as_run_config(changed)))
    return file


def run_app(flower, app, args, *options, **changes):
    """Run the app in the directory `app` with the run's options `args`, and return when it has ended.

    `flower` is a PrivateFlower whose SuperLink is up, `options` are more words for `flwr run`, `changes` are
    what the app is told instead of what `args` say. Raises UserError or RunError with the line that the
    ServerApp has ended with, if that was no good end.
    """
    config = write_run_config(flower.home, args, **changes)
    before = last_commit(args.run)
    words = (app, SUPERLINK, "--stream", "--run-config", config, *options)
    said = flower.cli("run", *words, log="flwr_run.log", take=ServerLines().take)
    if complaint := COMPLAINT.search(said):
        kind = {"UserError": UserError, "RunError": RunError}[complaint[1]]
        raise kind(complaint[2])
    if last_commit(args.run) == before:
        news = re.search(r"^.* has finished \d+ rounds; .*$", said, re.MULTILINE)
        raise (
            NothingToDo(news[0])
            if news
            else RunError(f"the run has ended before its first round; {flower.logs}/ says why")
        )
