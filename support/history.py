"""history.csv: the result of every round of a run, one line each."""

from dataclasses import dataclass
from pathlib import Path

from support.argument_types import path
from support.command_line import UserError
from support.files import in_words
from support.tables import columns_of, rows_in


@dataclass(frozen=True)
class Round:
    """One line of history.csv. Round 0 is the untrained model."""

    round: int
    loss: float  # mean cross-entropy on the test images
    accuracy: float  # fraction of the test images, 0..1
    seconds: float  # from the first weights sent to the evaluation's end
    clients: int  # those whose updates were averaged
    failures: int  # those that were asked and sent nothing, or nothing sound
    bytes_sent: int  # model payloads, all clients together
    bytes_received: int


def run_directory(text):
    """argparse type: the directory of a run; a file of its record may be named instead."""
    run = Path(path(text))
    return str(run.parent if run.name in ("history.csv", "events.jsonl") else run)


def read_history(run):
    """Return the history of the run in `run` as a list of Round; raise UserError if there is none."""
    file = Path(run_directory(run), "history.csv")
    try:
        return rounds_in(file.read_bytes(), file)
    except (FileNotFoundError, NotADirectoryError):
        raise UserError(f"there is no {file}; make a run with python federation.py") from None
    except OSError as error:
        raise UserError(f"cannot read {file}: {in_words(error, file)}; name another run") from None


def rounds_in(content, file):
    """Return the rounds in `content`, the bytes of `file`; raise UserError if a line is damaged."""
    try:
        rows = [Round(**row) for row in rows_in(content, columns_of(Round))]
        if not rows or [row.round for row in rows] != list(range(len(rows))):
            raise ValueError("rounds missing or out of order")
        if not all(0 <= row.accuracy <= 1 for row in rows):
            raise ValueError("an accuracy is not between 0 and 1")
    except ValueError as error:
        raise UserError(f"{file} is damaged ({error}); make the run again") from None
    return rows
