"""Real commands for the tests: started, listened to, and gone when the test is over."""

import hashlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import namedtuple
from contextlib import suppress
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parent.parent
TESTS = ROOT / "tests"
PATIENCE = 60.0  # seconds that anything may take here before a test gives up

Finished = namedtuple("Finished", "status stdout stderr")


def environment(**changes):
    """Return the environment that commands run in."""
    return {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1", **changes}


def free_address():
    """Return 127.0.0.1:PORT with a port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{probe.getsockname()[1]}"


def wait_until(condition, what, seconds=PATIENCE):
    """Return the first true answer of `condition()`; fail, saying `what` never came, after `seconds`."""
    deadline = time.monotonic() + seconds
    while not (answer := condition()):
        assert time.monotonic() < deadline, f"waited {seconds:g} s in vain: {what}"
        threading.Event().wait(0.01)
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
    return [process for process in psutil.process_iter() if _works_in(process, Path(directory))]


def _works_in(process, directory):
    try:
        return process.status() != psutil.STATUS_ZOMBIE and Path(process.cwd()).is_relative_to(
            directory
        )
    except psutil.Error:
        return False


def kill_group(number):
    """Kill a process group, if there still is one."""
    with suppress(ProcessLookupError):
        os.killpg(number, signal.SIGKILL)


class Command:
    """A command in a process group of its own, whose output is read line by line as it comes."""

    def __init__(self, words, cwd):
        self.process = subprocess.Popen(
            [sys.executable, *map(str, words)],
            cwd=cwd,
            env=environment(),
            text=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self.lines = []
        self._news = threading.Condition()
        self._at_end = False
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def output(self):
        """What it has printed so far, on both streams."""
        return "\n".join(self.lines)

    def wait_for(self, pattern, seconds=PATIENCE):
        """Return the match of the first line that matches `pattern`; fail if it ends, or takes too long."""
        deadline = time.monotonic() + seconds
        with self._news:
            while not (match := self._search(pattern)):
                left = deadline - time.monotonic()
                assert left > 0 and not self._at_end, (
                    f"no line matches {pattern!r} in:\n{self.output}"
                )
                self._news.wait(left)
        return match

    def wait(self, seconds=PATIENCE):
        """Return its exit status and have all of its output."""
        try:
            status = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"still running after {seconds:g} s:\n{self.output}") from None
        self._reader.join(seconds)
        return status

    def send(self, number):
        """Send a signal to the process alone."""
        self.process.send_signal(number)

    def send_to_group(self, number):
        """Send a signal to all of its processes, as a terminal does on Ctrl-C."""
        os.killpg(self.process.pid, number)

    def close(self):
        """Leave nothing of it behind."""
        kill_group(self.process.pid)
        self.process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        self.process.stdout.close()

    def _search(self, pattern):
        return next((match for line in self.lines if (match := re.search(pattern, line))), None)

    def _read(self):
        for line in self.process.stdout:
            with self._news:
                self.lines.append(line.rstrip("\n"))
                self._news.notify_all()
        with self._news:
            self._at_end = True
            self._news.notify_all()


class WarmPython:
    """Runs commands one after another, each in a new fork of a process that has imported PyTorch and Flower.

    The same as `python COMMAND.py ARGUMENTS`, without two seconds of imports.
    """

    def __init__(self, directory):
        self.directory = directory
        self.process = subprocess.Popen(
            [sys.executable, TESTS / "warm.py"],
            env=environment(),
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def start(self, script, *arguments, cwd, **changes):
        """Start a command in `cwd` with `changes` to its environment; return its process number."""
        request = {
            "words": [str(script), *map(str, arguments)],
            "cwd": str(cwd),
            "environment": changes,
            "stdout": str(self.directory / "stdout"),
            "stderr": str(self.directory / "stderr"),
        }
        print(json.dumps(request), file=self.process.stdin, flush=True)
        return int(self.process.stdout.readline())

    def wait(self):
        """Return what the command that was started last has come to."""
        status = int(self.process.stdout.readline())
        return Finished(
            status, *((self.directory / name).read_text() for name in ("stdout", "stderr"))
        )

    def run(self, script, *arguments, cwd, seconds=15, **changes):
        """Run ROOT/`script` to its end, which comes within `seconds`."""
        number = self.start(ROOT / script, *arguments, cwd=cwd, **changes)
        alarm = threading.Timer(seconds, kill_group, (number,))
        alarm.start()
        try:
            return self.wait()
        finally:
            alarm.cancel()

    def close(self):
        """End the process; no command is running any more."""
        self.process.stdin.close()
        self.process.wait(PATIENCE)
        self.process.stdout.close()
