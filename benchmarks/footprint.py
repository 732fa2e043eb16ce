"""How much memory a command takes, with every process that it starts, sampled while it runs.

PSS (proportional set size) divides what processes share among them, so that a sum counts nothing twice. Where
the system does not know it, this is RSS, and shared pages count several times.
"""

import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass

import psutil

from support.command_line import RunError

PAUSE = 2.0  # seconds between two samples: reading PSS takes a good part of one, for many processes


@dataclass(frozen=True)
class Footprint:
    """What a command has taken."""

    seconds: float  # from start to end
    peak_bytes: int  # of the command and all its descendants, at its highest
    processes: int  # at the most


def measure(words, directory, log, pause=PAUSE):
    """Run the command `words` in `directory` to its end, with its output in the file `log`.

    Returns its Footprint, of samples every `pause` seconds. Raises RunError if it fails.
    """
    begun = time.monotonic()
    peak = most = 0
    with open(log, "wb") as file:
        process = subprocess.Popen(words, cwd=directory, stdout=file, stderr=subprocess.STDOUT)
    try:
        while process.poll() is None:
            family = [psutil.Process(process.pid), *_descendants(process.pid)]
            most = max(most, len(family))
            peak = max(peak, sum(map(memory_of, family)))
            with suppress(subprocess.TimeoutExpired):
                process.wait(pause)
    finally:
        process.terminate()
        process.wait()
    if process.returncode != 0:
        raise RunError(f"{' '.join(words)} ended with status {process.returncode}; see {log}")
    return Footprint(time.monotonic() - begun, peak, most)


def _descendants(number):
    try:
        return psutil.Process(number).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def memory_of(process):
    """Return the bytes that a psutil.Process takes, PSS or else RSS; 0 if it has ended."""
    try:
        memory = process.memory_full_info()
    except psutil.Error:
        return 0
    return getattr(memory, "pss", 0) or memory.rss
