"""What every test may need: where things are, how long to wait, and what a directory holds."""

import hashlib
import os
import signal
import time
from contextlib import suppress
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parent.parent.parent
PROGRAMS = ROOT / "tests/programs"
PATIENCE = 120.0  # seconds that anything may take before a test gives up, on a machine that is busy


def environment():
    """Return the environment that commands run in."""
    return {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}


def wait_until(condition, what, seconds=PATIENCE):
    """Return the first true answer of `condition()`; fail, saying `what` never came, after `seconds`."""
    deadline = time.monotonic() + seconds
    while not (answer := condition()):
        assert time.monotonic() < deadline, f"waited {seconds:g} s in vain: {what}"
        time.sleep(0.01)
    return answer


def snapshot(directory):
    """Return {path: SHA-256} of every file below `directory`, and {path: None} of every directory."""
    return {
        str(path.relative_to(directory)): None if path.is_dir() else sha256(path)
        for path in sorted(Path(directory).rglob("*"))
    }


def sha256(path):
    """Return the digest of a file's content."""
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def processes_in(directory):
    """Return the processes that work in `directory` or below it."""
    every = psutil.process_iter(["cwd"], ad_value="")  # also of who has ended
    return [process for process in every if Path(process.info["cwd"]).is_relative_to(directory)]


def kill_session(number):
    """Kill every process of a session, whichever groups they have gone into and whoever has ended."""
    for process in psutil.pids():
        with suppress(ProcessLookupError, PermissionError):
            if os.getsid(process) == number:
                os.kill(process, signal.SIGKILL)
