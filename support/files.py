"""Files that are written whole or not at all."""

from support.command_line import UserError

import errno
import os
import signal
import threading
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replaced_file(path):
    """Open a new binary file that takes the place of `path` when the block ends well.

    Whoever reads `path` meets the old content or the new, never half of it. Raises OSError if the
    directory cannot be written to or the disk is full; the old file stays.
    """
    path = Path(path)
    if not path.name:  # "." or "/"
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    new = path.with_name(f".{path.name}.new")
    try:
        with open(new, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(new, path)
    except BaseException:
        new.unlink(missing_ok=True)
        raise


def save_figure(figure, path, option):
    """Write a matplotlib figure to the PNG file `path`.

    Raises UserError if that is impossible; `option` is what names another place.
    """
    try:
        with replaced_file(path) as file:
            figure.savefig(file, format="png", dpi=150)
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror}; choose another {option}") from None


@contextmanager
def signals_deferred():
    """Let Ctrl-C and SIGTERM wait until the block has ended."""
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread is ever interrupted
        return
    arrived = []
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    for number in handlers:
        signal.signal(number, lambda number, frame: arrived.append(number))
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        for number in arrived:
            signal.raise_signal(number)
