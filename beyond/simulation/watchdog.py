"""Ends what Flower has started, whatever becomes of us: python -m beyond.simulation.watchdog HOME

It reads the numbers of processes, a line each. When nobody can write any more, for whoever started it has
ended, even by SIGKILL, it ends those that are left, with all that they have started, and removes HOME.
"""

import os
import shutil
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path

import psutil

GRACE = 3.0  # seconds that processes have to end after they were asked to
KILL = getattr(signal, "SIGKILL", signal.SIGTERM)  # Windows has one way only to end a process
PAUSE = 0.02  # seconds between two looks: nothing tells when another process's child has ended


def end_processes(leaders, home=None, grace=GRACE):
    """End `leaders`, psutil.Processes, and all that they have started; return when none is left.

    Flower's commands start each other in sessions of their own, and outlive whoever started them; so all of
    them are looked for first, and those as well whose Flower home is `home`. After `grace` seconds they are
    killed.
    """
    found = _families(leaders) + _residents(home)
    for process in found:
        _tell(process, signal.SIGTERM if grace else KILL)
    alive = _alive_after(grace or GRACE, found)
    late = alive + [child for process in alive for child in _descendants(process)]
    late += _residents(home)
    for process in late:
        _tell(process, KILL)
    _alive_after(GRACE, late)


def _alive_after(seconds, processes):
    """Wait for processes to end; return those that have not, after so many seconds.

    A zombie has ended. Its parent has not looked yet, and a container's first process may never look.
    """
    deadline = time.monotonic() + seconds
    while (alive := list(filter(_is_alive, processes))) and time.monotonic() < deadline:
        time.sleep(PAUSE)
    return alive


def _is_alive(process):
    with suppress(psutil.NoSuchProcess):
        return process.status() != psutil.STATUS_ZOMBIE
    return False


def _families(leaders):
    return [process for leader in leaders for process in (leader, *_descendants(leader))]


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
    with suppress(psutil.Error, OSError):  # another account's, or gone
        own = process.environ().get("FLWR_HOME") if process.pid != os.getpid() else None
        return own is not None and Path(own).is_relative_to(home)
    return False


def _tell(process, number):
    with suppress(psutil.NoSuchProcess):
        process.send_signal(number)


def _processes(lines):
    """Yield the process of every number, looked up at once: later it may be another process's number."""
    for line in lines:
        with suppress(psutil.NoSuchProcess):
            yield psutil.Process(int(line))


def main():
    """Run the command line described above."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    leaders = list(_processes(sys.stdin))
    home = sys.argv[1]
    if os.path.isdir(home):  # else all was done in good order
        end_processes(leaders, home)
        shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    main()
