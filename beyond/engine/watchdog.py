"""Ends what Flower has started, whatever becomes of us: python -m beyond.engine.watchdog HOME

It reads the numbers of processes, a line each. When nobody can write any more, for whoever started it has
ended, even by SIGKILL, it ends those that are left, with all that they have started, and removes HOME.
"""

import os
import shutil
import signal
import sys
from contextlib import suppress
from pathlib import Path

import psutil

GRACE = 3.0  # seconds that processes have to end after they were asked to


def end_processes(leaders, home=None):
    """End the processes with the numbers `leaders` and all that they have started; return when none is left.

    Flower's commands start each other in sessions of their own, and outlive whoever started them; so all of
    them are looked for first, and those as well whose Flower home is `home`.
    """
    found = _families(leaders) + _residents(home)
    for process in found:
        _tell(process, signal.SIGTERM)
    _, alive = psutil.wait_procs(found, timeout=GRACE)
    late = alive + [child for process in alive for child in _descendants(process)]
    late += _residents(home)
    for process in late:
        _tell(process, signal.SIGKILL)
    psutil.wait_procs(late, timeout=GRACE)


def _families(leaders):
    found = []
    for number in leaders:
        try:
            leader = psutil.Process(number)
        except psutil.NoSuchProcess:
            continue
        found += [leader, *_descendants(leader)]
    return found


def _descendants(process):
    try:
        return process.children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def _residents(home):
    """Return the processes whose Flower home is `home` or in it: also those whose parents have ended."""
    if home is None:
        return []
    return [process for process in psutil.process_iter() if _lives_in(process, home)]


def _lives_in(process, home):
    with suppress(psutil.Error, OSError):  # somebody else's, or gone
        own = process.environ().get("FLWR_HOME") if process.pid != os.getpid() else None
        return own is not None and Path(own).is_relative_to(home)
    return False


def _tell(process, number):
    with suppress(psutil.NoSuchProcess):
        process.send_signal(number)


def main():
    """Run the command line described above."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    leaders = [int(line) for line in sys.stdin]
    home = sys.argv[1]
    if os.path.isdir(home):  # else all was done in good order
        end_processes(leaders, home)
        shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    main()
