"""history.csv: what every round of a run came to, one line each."""

from dataclasses import asdict, dataclass
from pathlib import Path

from support.argument_types import path
from support.command_line import UserError
from support.files import in_words
from support.tables import as_csv, columns_of, rows_in


@dataclass(frozen=True)
class Round:
    """One line of history.csv. Round 0 is the untrained model."""

    round: int
    loss: float  # mean cross-entropy on the test images
    accuracy: float  # fraction of the test images, 0..1
    seconds: float  # from the first weights sent to the evaluation's end
    clients: int  # whose updates were averaged
    failures: int  # who was asked and sent nothing, or nothing sound
    bytes_sent: int  # model payloads, all clients together
    bytes_received: int


def history_of(rounds):
    """Return the bytes of a history.csv of `rounds`, a list of Round."""
    return as_csv(columns_of(Round), map(asdict, rounds))


def run_directory(text):
    """argparse type: the directory of a run; a file of its record may be named in its place."""
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
        rows = [_sound(Round(**row)) for row in rows_in(content, columns_of(Round))]
    except ValueError as error:
        raise UserError(f"{file} is damaged ({error}); make the run again") from None
    if not rows or [row.round for row in rows] != list(range(len(rows))):
        raise UserError(f"{file} is damaged (rounds missing or out of order); make the run again")
    return rows


def _sound(row):
    if not 0 <= row.accuracy <= 1:
        raise ValueError(f"accuracy {row.accuracy} in round {row.round}")
    return row
