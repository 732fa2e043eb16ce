"""Files and directories: written whole or not at all, locked by one process at a time; and whose they are."""

import errno
import os
import shutil
import stat
import time
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout  # PyTorch brings it

BUSY = 1.0  # seconds for which Windows may refuse to move an open file
A_MOMENT = 0.02  # seconds between two tries
A_LOOK = 0.2  # seconds; who only asks whether a lock is held holds it for a moment
NO_SUCH_CALL = (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP)


@contextmanager
def replaced_file(path, is_lasting=True):
    """Yield a new binary file that replaces `path`, all at once, when the block ends well.

    One that `is_lasting` is on the disk by then, even if the power fails. A link stays, and what it leads to
    is replaced; the old file's mode stays, where the disk knows modes. Raises OSError if that fails, or if
    `path` is a device, say, and no file; what was there stays.
    """
    path = Path(os.path.realpath(path))
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if path.exists() and not path.is_file():
        raise OSError(errno.EINVAL, "It is not a regular file")
    new = path.with_name(f".{path.name}.new")
    try:
        with open(new, "wb") as file:
            _copy_mode(path, new)
            yield file
            if is_lasting:
                put_on_disk(file)
        _move(new, path)
    except BaseException:
        new.unlink(missing_ok=True)
        raise


@contextmanager
def replaced_directory(path, is_kept):
    """Yield a new directory that replaces `path` when the block ends well.

    Whatever stops it, `path` is the old directory or the new one, or the next call makes it so. A link and
    the old mode stay. What `is_kept(name)` is true of moves into the new directory; the rest is removed.
    Raises OSError.
    """
    path = Path(os.path.realpath(path))
    work = path.with_name(f".{path.name}.unfinished")
    new, old = work / "new", work / "old"
    _finish(path, work, is_kept)  # what a killed run has left
    try:
        work.mkdir()
        new.mkdir()
        yield new
        _copy_mode(path, new)
        if path.exists():
            _move(path, old)
        _move(new, path)
    finally:
        _finish(path, work, is_kept)


def _finish(path, work, is_kept):
    """Put the old directory back if there is no new one, or what is kept of it into that; remove the rest."""
    old = work / "old"
    if old.exists() and not path.exists():
        _move(old, path)
    for name in os.listdir(old) if old.exists() else ():
        if is_kept(name):
            _move(old / name, path / name)
    shutil.rmtree(work, ignore_errors=True)


def _move(source, target):
    """Do as os.replace does; where that is refused, try again for a moment.

    Windows moves no file that is open anywhere, and replaces none: a virus scanner looks at what is new, and
    a page that shows the run reads it.
    """
    deadline = time.monotonic() + BUSY
    while True:
        try:
            return os.replace(source, target)
        except PermissionError:
            if time.monotonic() >= deadline:
                raise
            time.sleep(A_MOMENT)


def _copy_mode(old, new):
    """Give `new` the mode of `old`, if that is there; a network disk or a USB stick may know no modes."""
    with suppress(OSError):
        os.chmod(new, stat.S_IMODE(old.stat().st_mode))


def put_on_disk(file):
    """Return when what was written to `file` is on its disk; raise OSError if that is full or broken."""
    file.flush()
    try:
        os.fsync(file.fileno())
    except OSError as error:
        if error.errno not in NO_SUCH_CALL:
            raise


@contextmanager
def locked(path, refusal):
    """Hold the lock that is the file `path` during the block, and leave no file.

    A process that ends, however it ends, holds no lock any more. Nothing is locked on a disk that knows no
    locks, or on which we may not write. Raises `refusal`, an exception, if another process holds the lock.
    """
    lock = FileLock(path, A_LOOK, mode=0o666, thread_local=False)
    try:
        lock.acquire()
    except Timeout:
        raise refusal from None
    except OSError:
        pass
    try:
        yield
    finally:
        with suppress(OSError):
            Path(path).unlink()  # while it is ours: what waits for it looks for another
        lock.release()


def in_words(error, path=None):
    """Return what an OSError says, and whose the file is if we may not; `path` if the error names none."""
    if isinstance(error.filename, (str, bytes)):
        path = os.fsdecode(error.filename)
    is_refused = path is not None and error.errno in (errno.EACCES, errno.EPERM)
    if is_refused and (place := _of_another(Path(path))):
        return f"{error.strerror}, because {place} belongs to {_owner(place)}"
    return error.strerror or str(error)


def _of_another(path):
    """Return what keeps us from `path`, itself or a directory above, if it is another user's, or None."""
    named = [place for place in (path, *path.parents) if place.name]  # not ".", which says little
    for place in (*named, *path.absolute().parents):
        with suppress(OSError):  # it is not there, or we may not even look
            owner = place.stat().st_uid
            if not os.access(place, os.R_OK | os.W_OK):
                # Windows has no such numbers.
                is_ours = not hasattr(os, "geteuid") or owner == os.geteuid()
                return None if is_ours else place
    return None


def _owner(path):
    try:
        return path.owner()
    except KeyError:
        return f"user {path.stat().st_uid}"
