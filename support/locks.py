"""One at a time: two servers in one directory would destroy each other's record, two nodes share data."""

from support.command_line import UserError
from support.files import in_words

import errno
import os
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows, where nothing is locked
    fcntl = None


def lock_directory(directory):
    """Keep others from locking `directory`, however they name it, while the returned descriptor is open.

    Raises UserError if another process holds it, or if the directory may not be read.
    """
    return lock(
        directory,
        f"another server is writing to {directory}; stop it, or choose another --run",
    )


def lock(path, complaint):
    """Keep others from locking `path`, a file or a directory, while the returned descriptor is open.

    A process that ends, however it ends, holds no lock any more. Nothing is locked where the disk knows no
    locks, as that of a network may not. Raises UserError with `complaint` if another process holds the lock,
    or if `path` may not be read.
    """
    if fcntl is None:
        return None
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError as error:
        raise UserError(f"cannot read {path}: {in_words(error, path)}") from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
            os.close(descriptor)
            raise UserError(complaint) from None
    return descriptor


def check_unlocked(directory):
    """Raise UserError if another process writes to `directory`; it need not exist."""
    if Path(directory).is_dir() and (descriptor := lock_directory(directory)) is not None:
        os.close(descriptor)
