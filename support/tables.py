"""Tables of measurements as CSV files: written whole or not at all, read with every column's type."""

from support.command_line import RunError, UserError
from support.files import in_words, replaced_file

import csv
import io
from pathlib import Path


def write_table(path, columns, rows):
    """Write `rows`, sequences of cells or dicts, to the CSV file `path`, in a directory made if need be.

    `columns` are names, or {name: type}. Raises RunError if the file cannot be written.
    """
    names, text = list(columns), io.StringIO()
    cells = ([row[name] for name in names] if isinstance(row, dict) else row for row in rows)
    csv.writer(text, lineterminator="\n").writerows([names, *cells])
    try:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        with replaced_file(path) as file:
            file.write(text.getvalue().encode())
    except OSError as error:
        raise RunError(f"cannot write {path}: {in_words(error, path)}; make room there") from None


def read_table(path, columns):
    """Return the rows of the CSV file `path` as dicts; `columns` is {name: type}.

    Raises UserError if the file is damaged.
    """
    try:
        with open(path, newline="", encoding="utf-8") as file:
            return [
                {name: kind(row[name]) for name, kind in columns.items()}
                for row in csv.DictReader(file)
            ]
    except (OSError, ValueError, TypeError, KeyError, csv.Error) as error:
        raise UserError(f"{path} is damaged ({error}); remove it") from None
