"""One at a time: two servers in one directory would destroy each other's record, two nodes share data."""

from support.command_line import UserError

from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout


@contextmanager
def locked(path, complaint):
    """Hold the lock that is the file `path` during the block, and leave no file.

    A process that ends, however it ends, holds no lock any more. Nothing is locked on a disk that knows no
    locks, or on which we may not write. Raises UserError with `complaint` if another process holds it.
    """
    lock = FileLock(path, mode=0o666, blocking=False, thread_local=False)
    try:
        lock.acquire()
    except Timeout:
        raise UserError(complaint) from None
    except OSError:
        pass
    try:
        yield
    finally:
        with suppress(OSError):
            Path(path).unlink()  # while it is ours: what waits for it looks for another
        lock.release()


def locked_run(directory):
    """Keep other servers from the run in `directory`, however they name it, during the block.

    Raises UserError if one is writing to it.
    """
    return locked(
        Path(directory, ".lock"),
        f"another server is writing to {directory}; stop it, or choose another --run",
    )


def check_unlocked(directory):
    """Raise UserError if another server writes to `directory`; it need not exist."""
    if Path(directory).is_dir():
        with locked_run(directory):
            pass
