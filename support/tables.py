"""Tables as CSV files: written whole or not at all, read with every column's type."""

import csv
import io
from dataclasses import fields
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
