"""The files in a run's directory, as anyone may have put them: none keeps us waiting, or leads elsewhere."""

import os
import stat
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows has no such locks
    fcntl = None

LOCK = ".lock"  # that a server holds as long as it lives


def opened_inside(run, name):
    """Return the file `name` in the directory `run`, open for reading bytes.

    Raises OSError if it cannot be read, if it is no regular file, or if a link leads out of the directory.
    """
    directory, path = (Path(os.path.realpath(one)) for one in (run, Path(run, name)))
    if directory not in path.parents:
        raise OSError(0, "a link leads out of the run's directory")
    # A FIFO would keep us waiting.
    flags = [getattr(os, flag, 0) for flag in ("O_NONBLOCK", "O_NOFOLLOW", "O_BINARY")]
    number = os.open(path, os.O_RDONLY | sum(flags))
    if not stat.S_ISREG(os.fstat(number).st_mode):
        os.close(number)
        raise OSError(0, "it is not a regular file")
    return os.fdopen(number, "rb")


def read_inside(run, name, most):
    """Return the bytes of a file as `opened_inside` opens it; raise OSError if there are more than `most`."""
    with opened_inside(run, name) as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise OSError(0, f"it is larger than {most >> 20} MB")
    return content


def is_held(run):
    """Return whether a server holds the lock of the run in `run`; None if that cannot be asked."""
    if fcntl is None:
        return None
    try:
        with opened_inside(run, LOCK) as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    except OSError:
        return None
    return False


def is_older(run, name):
    """Return whether the file `name` was last written before the lock of the run in `run` was taken."""
    try:
        with opened_inside(run, name) as file, opened_inside(run, LOCK) as lock:
            return os.fstat(file.fileno()).st_mtime_ns < os.fstat(lock.fileno()).st_mtime_ns
    except OSError:
        return False
