"""What people see on a terminal."""

import logging
import sys

from flwr.common.logger import LOGGER_NAME, update_console_handler


def prepare_log():
    """Keep the colours of Flower's log out of files and pipes."""
    if not sys.stderr.isatty():
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
    for handler in logging.getLogger(LOGGER_NAME).handlers:
        handler.setStream(sys.stderr)  # rich's, by now
    return bar
