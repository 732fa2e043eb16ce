"""Whether anything goes on among the processes that a test waits for."""

import os
import time
from collections import deque
from contextlib import suppress
from pathlib import Path

SAMPLES = 20  # one a second: a client may wait for a server for half of that
LEAST = 5  # samples in which somebody worked; who polls is seen at that in fewer


class Watch:
    """Looks at a stage once a second; a test that waits for what will never come fails after SAMPLES of them.

    Somebody works who computes, wants to, or waits for the disk; and so does who prints.
    """

    def __init__(self, stage):
        self.stage = stage
        self.printed = None
        self.samples = deque(maxlen=SAMPLES)
        self.next_look = time.monotonic() + 1

    def assert_somebody_works(self):
        """Fail if nobody has worked for so long that nobody will."""
        if time.monotonic() < self.next_look:
            return
        self.next_look = time.monotonic() + 1
        printed = self.stage.bytes_printed()
        self.samples.append(printed != self.printed or somebody_computes(self.stage.sessions()))
        self.printed = printed
        quiet = len(self.samples) == SAMPLES and sum(self.samples) < LEAST
        assert not quiet, f"nobody does anything any more: {self.stage.actors}"


def somebody_computes(sessions):
    """Return whether a thread in one of the sessions runs, or waits for a processor or the disk."""
    if not Path("/proc/self/task").exists():
        return True  # another system, where nobody knows
    return any(_is_busy(number) for number in _members(sessions))


def _members(sessions):
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if os.getsid(int(entry.name)) in sessions:
                yield entry.name


def _is_busy(number):
    for task in Path(f"/proc/{number}/task").glob("*/stat"):
        with suppress(OSError):
            if task.read_text().rpartition(")")[2].split()[0] in "RD":
                return True
    return False
