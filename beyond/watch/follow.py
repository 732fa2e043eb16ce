"""Follow a file of lines that grows, is replaced, or is not there yet, however many readers it has."""

import os
import time
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from beyond.watch.run_files import is_held, is_older, opened_inside

OFTEN = 0.2  # seconds; nothing tells us, on every system and disk, that a file has grown
SAMPLE = 512  # bytes in which a file that was written anew differs from what we have read
BLOCK = 1 << 20


@dataclass(frozen=True)
class News:
    """What one look at the file has found."""

    generation: str  # another one for another file; empty if there is none
    size: int  # bytes of its whole lines
    fault: str = ""  # why it is not read
    alive: bool | None = None  # whether a server holds the run's lock; None if nobody knows
    starts: bool = False  # whether the file is as it was before a server took the lock


class Follower:
    """Looks at the file `path` of a run, at most once in OFTEN seconds, whoever asks."""

    def __init__(self, path):
        self.path = Path(path)
        self.looked = -OFTEN
        self.changed = time.monotonic()  # when the file had last grown
        self.times_rewritten = 0
        self.was_there = False
        self._forget()

    def look(self):
        """Return the News, as of now or of a moment ago."""
        if time.monotonic() - self.looked >= OFTEN:
            self.news = self._look()
            self.looked = time.monotonic()
        return self.news

    def idle(self):
        """Return for how many seconds the file has not grown, by this machine's clock."""
        return time.monotonic() - self.changed

    def read(self, generation, start):
        """Yield the bytes of the whole lines from `start`, unless the file has become another one."""
        news = self.look()
        if news.generation != generation or start >= news.size:  # a seek has its limits
            return
        with self._open() as file:
            file.seek(start)
            while start < news.size and (part := file.read(min(BLOCK, news.size - start))):
                start += len(part)
                yield part

    def _forget(self):
        self.identity, self.size, self.sample = None, 0, b""

    def _look(self):
        # Before the file is read: who holds the lock no longer has written everything.
        alive = is_held(self.path.parent)
        starts = bool(alive) and is_older(self.path.parent, self.path.name)
        try:
            with self._open() as file:
                self.was_there = True
                return News(*self._whole_lines(file), alive=alive, starts=starts)
        except FileNotFoundError:
            gone = "it is gone" if self.was_there else "no such run yet; waiting for it"
        except OSError as error:
            gone = error.strerror
        self._forget()
        return News("", 0, f"{self.path}: {gone}", alive)

    def _open(self):
        return opened_inside(self.path.parent, self.path.name)

    def _whole_lines(self, file):
        """Return (generation, bytes of whole lines), having noted whether the file is another one."""
        status = os.fstat(file.fileno())
        identity = (status.st_dev, status.st_ino)
        is_first = self.identity is None
        if identity != self.identity:
            self.identity, self.size = identity, 0
        elif status.st_size < self.size or self._sample(file) != self.sample:
            self.size, self.times_rewritten = 0, self.times_rewritten + 1
        before = self.size
        self._grow(file, status.st_size)
        if is_first:
            self.changed = time.monotonic() - max(0.0, time.time() - status.st_mtime)
        elif self.size != before:
            self.changed = time.monotonic()
        first_line, _, _ = self.sample.partition(b"\n")
        name = f"{identity} {self.times_rewritten} {first_line}"
        return sha256(name.encode()).hexdigest()[:16] if self.size else "", self.size

    def _grow(self, file, size):
        """Note how far the whole lines reach in a file of `size` bytes."""
        end = size
        while end > self.size:
            begin = max(self.size, end - BLOCK)
            file.seek(begin)
            if (last := file.read(end - begin).rfind(b"\n")) >= 0:
                self.size = begin + last + 1
                self.sample = self._sample(file)
                return
            end = begin

    def _sample(self, file):
        """Return bytes at the beginning and at the end of what is known."""
        file.seek(0)
        first = file.read(min(SAMPLE, self.size))
        file.seek(max(0, self.size - SAMPLE))
        return first + file.read(min(SAMPLE, self.size))
