"""How much memory a command takes, with every process that it starts: PSS, sampled while it runs.

PSS (proportional set size) divides what processes share among them, so that a sum counts nothing twice.
"""

from support.command_line import RunError

import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

PAUSE = 2.0  # seconds between two samples: reading PSS takes a good part of one, for many processes


@dataclass(frozen=True)
class Footprint:
    """What a command has taken."""

    seconds: float  # from start to end
    peak_bytes: int  # PSS of the command and all its descendants, at its highest
    processes: int  # at the most


def measure(words, directory, log):
    """Run the command `words` in `directory` to its end, with its output in the file `log`.

    Returns its Footprint. Raises RunError if it fails. Linux only, for PSS is.
    """
    begun = time.monotonic()
    peak = most = 0
    with open(log, "wb") as file:
        process = subprocess.Popen(words, cwd=directory, stdout=file, stderr=subprocess.STDOUT)
    try:
        while process.poll() is None:
            family = [psutil.Process(process.pid), *_descendants(process.pid)]
            most = max(most, len(family))
            peak = max(peak, sum(map(pss_of, family)))
            _pause(process)
    finally:
        process.terminate()
        process.wait()
    if process.returncode != 0:
        raise RunError(f"{' '.join(words)} ended with status {process.returncode}; see {log}")
    return Footprint(time.monotonic() - begun, peak, most)


def _pause(process):
    with suppress(subprocess.TimeoutExpired):
        process.wait(PAUSE)


def _descendants(number):
    try:
        return psutil.Process(number).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def pss_of(process):
    """Return the PSS of a psutil.Process in bytes; 0 if it has ended."""
    try:
        lines = Path(f"/proc/{process.pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(1024 * int(line.split()[1]) for line in lines if line.startswith("Pss:"))
