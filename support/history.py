"""history.csv: what every round of a run came to, one line each."""

from support.argument_types import path
from support.command_line import UserError
from support.files import in_words

import csv
import io
from dataclasses import asdict, dataclass, fields
from pathlib import Path


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


def as_csv(row):
    """Return `row` (a Round) as a line of history.csv; round 0 comes with the header."""
    text = io.StringIO()
    writer = csv.DictWriter(text, [field.name for field in fields(Round)], lineterminator="\n")
    if row.round == 0:
        writer.writeheader()
    writer.writerow(asdict(row))
    return text.getvalue()


def run_directory(text):
    """argparse type: the directory of a run; a file of its record may be named in its place."""
    run = Path(path(text))
    return str(run.parent if run.name in ("history.csv", "events.jsonl") else run)


def read_history(run):
    """Return the rounds in the directory `run`, of its history.csv, as a list of Round.

    Raises UserError if there is no history, or if a line of it is damaged.
    """
    file = Path(run_directory(run), "history.csv")
    try:
        return rounds_in(file.read_bytes(), file)
    except (FileNotFoundError, NotADirectoryError):
        raise UserError(f"there is no {file}; make a run with python federation.py") from None
    except OSError as error:
        raise UserError(f"cannot read {file}: {in_words(error, file)}; name another run") from None


def rounds_in(content, file):
    """Return the rounds in `content`, the bytes of a history, as a list of Round.

    Raises UserError, which names `file`, if a line is damaged.
    """
    try:
        text = content.decode("utf-8-sig")  # a spreadsheet may have put a mark in front
        rows = [_parsed(row) for row in csv.DictReader(io.StringIO(text))]
    except (ValueError, TypeError, KeyError, csv.Error) as error:
        raise UserError(f"{file} is damaged ({error}); make the run again") from None
    if not rows or [row.round for row in rows] != list(range(len(rows))):
        raise UserError(f"{file} is damaged (rounds missing or out of order); make the run again")
    return rows


def _parsed(row):
    parsed = Round(**{field.name: field.type(row[field.name]) for field in fields(Round)})
    if not 0 <= parsed.accuracy <= 1:
        raise ValueError(f"accuracy {parsed.accuracy} in round {parsed.round}")
    return parsed
