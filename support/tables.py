"""Tables as CSV files: written whole or not at all, read with every column's type; history.csv is one."""

import csv
import io
import os
from dataclasses import dataclass, fields
from pathlib import Path

from support.command_line import RunError, UserError
from support.files import in_words, replaced_file


def columns_of(record):
    """Return {name: type} of the columns in which a table has objects of the dataclass `record`."""
    return {field.name: field.type for field in fields(record)}


def as_csv(columns, rows):
    """Return `rows`, dicts or sequences of cells, as the bytes of a CSV file; `columns` are their names."""
    names, text = list(columns), io.StringIO()
    cells = ([row[name] for name in names] if isinstance(row, dict) else row for row in rows)
    csv.writer(text, lineterminator="\n").writerows([names, *cells])
    return text.getvalue().encode()


def rows_in(content, columns):
    """Return the rows of a CSV file, `content`, as dicts; `columns` is {name: type}. Raises ValueError."""
    try:
        text = content.decode("utf-8-sig")  # a spreadsheet may have put a mark in front
        return [
            {name: kind(row[name]) for name, kind in columns.items()}
            for row in csv.DictReader(io.StringIO(text))
        ]
    except (TypeError, KeyError, csv.Error) as error:
        raise ValueError(str(error)) from None


def write_table(path, columns, rows):
    """Write what `as_csv` returns to `path`, in a directory made if need be; raise RunError if that fails."""
    try:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        with replaced_file(path) as file:
            file.write(as_csv(columns, rows))
    except OSError as error:
        raise RunError(f"cannot write {path}: {in_words(error, path)}; make room there") from None


def read_table(path, columns, advice="remove it"):
    """Return what `rows_in` does of the file `path`; raise UserError, with the `advice`, if it is damaged."""
    try:
        return rows_in(Path(path).read_bytes(), columns)
    except (OSError, ValueError) as error:
        raise UserError(f"{path} is damaged ({error}); {advice}") from None


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
    run = Path(os.path.expanduser(text))
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
