"""Commands as processes, for lesson.ipynb: what happens in a terminal of README.md happens in a cell.

server = Terminal("server.py")
server.wait_for("Waiting for clients")
"""

import atexit
import os
import re
import subprocess
import sys
import threading


class Terminal:
    """A command in a process of its own, which ends with the notebook at the latest."""

    def __init__(self, command):
        """Start `python COMMAND`."""
        self.command = command
        self._lines, self._shown, self._has_ended = [], 0, False
        self._news = threading.Condition()
        self.process = subprocess.Popen(
            [sys.executable, *command.split()],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            env={**os.environ, "PYTHONIOENCODING": "utf-8"},
        )
        atexit.register(self.process.kill)
        threading.Thread(target=self._read, daemon=True).start()

    def wait_for(self, pattern):
        """Show what is printed, up to a line in which `pattern` is found.

        Raises RuntimeError if it ends without one.
        """

        def position():
            lines = enumerate(self._lines[self._shown :], start=self._shown + 1)
            return next((number for number, line in lines if re.search(pattern, line)), None)

        with self._news:
            self._news.wait_for(lambda: position() or self._has_ended)
            found = position()
            self._show(found or len(self._lines))
        if not found:
            raise RuntimeError(f"{self.command} has ended, and printed no line like {pattern}")

    def finish(self, only=""):
        """Show the rest of what is printed, or lines in which `only` is found; return when it has ended.

        Raises RuntimeError if it has not ended well.
        """
        with self._news:
            self._news.wait_for(lambda: self._has_ended)
            self._show(len(self._lines), only)
        if self.process.wait() != 0:
            raise RuntimeError(f"{self.command} ended with status {self.process.returncode}")

    def kill(self):
        """End it without a goodbye."""
        self.process.kill()
        self.process.wait()

    def _show(self, end, only=""):
        lines = [line for line in self._lines[self._shown : end] if re.search(only, line)]
        print("".join(lines), end="")
        self._shown = end

    def _read(self):
        for line in self.process.stdout:
            with self._news:
                self._lines.append(line)
                self._news.notify_all()
        with self._news:
            self._has_ended = True
            self._news.notify_all()
