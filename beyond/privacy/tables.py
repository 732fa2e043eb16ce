"""CSV files of this chapter, written whole or not at all."""

from support.command_line import RunError
from support.files import replaced_file

import csv
import io
from pathlib import Path


def write_table(path, header, rows):
    """Write `header` and `rows`, sequences of cells, to the CSV file `path`, in a directory made if need be.

    Raises RunError if that is impossible.
    """
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([header, *rows])
    try:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        with replaced_file(path) as file:
            file.write(text.getvalue().encode())
    except OSError as error:
        raise RunError(f"cannot write {path}: {error.strerror}; make room there") from None
