"""Files that are written whole or not at all."""

import errno
import os
import signal
import stat
import threading
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replaced_file(path):
    """Open a new binary file that takes the place of `path` when the block ends well.

    Whoever reads `path` meets the old content or the new, never half of it. A link stays, and what it leads
    to is replaced; so does the old file's mode. Raises OSError if the directory cannot be written to, if the
    disk is full, or if `path` is a device, say, and no file; what was there stays.
    """
    path = Path(os.path.realpath(path))
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if path.exists() and not path.is_file():
        raise OSError(errno.EINVAL, "It is not a regular file")
    new = path.with_name(f".{path.name}.new")
    try:
        with open(new, "wb") as file:
            if path.exists():
                os.chmod(new, stat.S_IMODE(path.stat().st_mode))
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(new, path)
    except BaseException:
        new.unlink(missing_ok=True)
        raise


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
