"""What a command prints: lines and a bar on a terminal, or into a file, or nowhere."""

import logging
import os
import sys
from contextlib import suppress


def prepare_output():
    """Show every printed line at once, whatever characters are in the name of a run."""
    with suppress(AttributeError, ValueError):  # a notebook's stream, say
        sys.stdout.reconfigure(line_buffering=True, errors="backslashreplace")


def print_into(log):
    """Let all that this process prints from now on go to the file `log`, as UTF-8."""
    with open(log, "wb") as file:
        for number in (1, 2):
            os.dup2(file.fileno(), number)
    # On Windows the streams of a console print to nothing but a console, wherever 1 and 2 lead by now.
    for name, number in (("stdout", 1), ("stderr", 2)):
        stream = os.fdopen(
            number, "w", 1, encoding="utf-8", errors="backslashreplace", closefd=False
        )
        setattr(sys, name, stream)


def drop_output(stream):
    """Discard what `stream` still holds; Python would end with status 120 because it cannot write it."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def prepare_log():
    """Keep the colours of Flower's log out of files and pipes."""
    if not sys.stderr.isatty():
        from flwr.common.logger import update_console_handler  # slow; most commands need none

        update_console_handler(colored=False)


def say(line):
    """Print one line in one piece, because other threads, and Flower's log, write to the same terminal."""
    print(f"{line}\n", end="", flush=True)


class RoundReport:
    """Prints a line per round; on a terminal also a bar with the time left. Use it in a with statement.

    `has_terminal` says whether we may draw on a terminal, if there is one.
    """

    def __init__(self, rounds, has_terminal=True):
        self.rounds = rounds
        self.has_terminal = has_terminal
        self.bar = None

    def __enter__(self):
        if self.has_terminal and sys.stderr.isatty():
            self.bar = progress_bar()
            self.task = self.bar.add_task("Waiting for clients", total=self.rounds, start=False)
        return self

    def __exit__(self, *exception):
        if self.bar:
            self.bar.stop()

    def round_started(self, server_round):
        """Start the clock of the time left."""
        if self.bar:
            self.bar.start_task(self.task)
            self.bar.update(self.task, description=f"Round {server_round} of {self.rounds}")

    def round_finished(self, row):
        """Print one line about `row`, a Round of the record."""
        sent, received = row.bytes_sent / 1e6, row.bytes_received / 1e6
        say(
            f"Round {row.round:>2} of {self.rounds}: accuracy {row.accuracy:.2%}, loss {row.loss:.4f}, "
            f"{row.seconds:.1f} s, sent {sent:.2f} MB, received {received:.2f} MB"
        )
        if self.bar and row.round > 0:
            self.bar.advance(self.task)


def progress_bar():
    """Return rich's progress bar, which keeps printed lines and Flower's log above itself."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TimeRemainingColumn(),
        TextColumn("left"),
    )
    on_screen = sys.stdout.isatty()  # lines for a file are not drawn above the bar
    bar = Progress(
        *columns, console=Console(stderr=True), transient=True, redirect_stdout=on_screen
    )
    bar.start()
    for handler in logging.getLogger("flwr").handlers:
        handler.setStream(sys.stderr)  # rich's, by now
    return bar
