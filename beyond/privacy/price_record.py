"""Tables of measurements as CSV files: written whole or not at all, read with every column's type."""

from support.command_line import RunError, UserError
from support.files import replaced_file

import csv
import io


def write_table(path, columns, rows):
    """Write `rows` (dicts) to the file `path`; `columns` is {name: type}. Raises RunError if it cannot be."""
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    try:
        with replaced_file(path) as file:
            file.write(text.getvalue().encode())
    except OSError as error:
        raise RunError(f"cannot write {path}: {error.strerror}; make room") from None


def read_table(path, columns):
    """Return the rows that write_table has written. Raises UserError if the file is damaged."""
    try:
        with open(path, newline="") as file:
            return [
                {name: kind(row[name]) for name, kind in columns.items()}
                for row in csv.DictReader(file)
            ]
    except (OSError, ValueError, TypeError, KeyError, csv.Error) as error:
        raise UserError(f"{path} is damaged ({error}); remove it") from None
