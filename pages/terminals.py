"""Terminals that a program watches: type a command, wait for what it prints, keep all of it.

A page says in which terminal a command is typed, above a block of shell, and whether to press Ctrl-Z first:

    **Terminal 5**, after Ctrl-Z:

    ```shell
    kill -KILL %1
    ```

or in a block of text, at the beginning of a line: terminal  2   python client.py --partition-id 0
"""

import io
import os
import re
import shutil
import signal
import sys
import tempfile
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pexpect
import psutil
from pexpect.popen_spawn import PopenSpawn

from benchmarks.footprint import memory_of
from support.command_line import ROOT

CTRL_Z = "Ctrl-Z"
TYPED = re.compile(
    rf"^\*\*Terminal (?P<block>\d+)\*\*(?P<key>.*{CTRL_Z})?.*\n+```shell\n(?P<line>.*)\n```$"
    r"|^terminal +(?P<listed>\d+) +(?P<beside>.*)$",
    re.MULTILINE,
)
PATIENCE = 300  # seconds that anything may take before we give up
PAUSE = 0.05  # seconds between two looks at a screen; pexpect's 0.0001 keep a core busy that others need


def section(markdown, title):
    """Return the part of `markdown` below the heading that begins with `title`, its subsections included."""
    heading = re.search(rf"^(#+) {re.escape(title)}", markdown, re.MULTILINE)
    rest = markdown[heading.end() :]
    following = re.search(rf"^#{{1,{len(heading[1])}}} ", rest, re.MULTILINE)
    return rest[: following.start()] if following else rest


def commands_in(markdown):
    """Return [(terminal number, command or CTRL_Z), ...] in the order in which `markdown` prints them."""
    commands = []
    for found in TYPED.finditer(markdown):
        terminal = int(found["block"] or found["listed"])
        if found["key"]:
            commands.append((terminal, CTRL_Z))
        commands.append((terminal, found["line"] or found["beside"]))
    return commands


@contextmanager
def working_copy():
    """Copy the repository, as a fresh clone has it, to a temporary directory; yield its path."""
    made_later = shutil.ignore_patterns(
        ".git",
        ".venv",
        "__pycache__",
        ".*cache",
        "partitions",
        ".partitions.*",
        "results",
        "certificates",
    )
    with tempfile.TemporaryDirectory() as directory:
        copy = Path(directory, "clone")
        shutil.copytree(ROOT, copy, ignore=made_later)
        yield copy


class Terminal:
    """One terminal of a Desk: a shell in which `python` is this environment's."""

    def __init__(self, directory):
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        self.screen = io.StringIO()
        self.process = PopenSpawn(
            "bash",
            cwd=directory,
            env={**os.environ, "PATH": path},
            timeout=PATIENCE,
            encoding="utf-8",
        )
        self.process.logfile_read = self.screen
        self.process.delayafterread = PAUSE
        self.type("set -m")  # jobs, as a shell at a keyboard has them: Ctrl-Z and %1 mean something

    def type(self, line):
        """Type a command, or press Ctrl-Z, which stops the one that runs."""
        if line != CTRL_Z:
            self.process.sendline(line)
            return
        for process in self.commands():
            process.send_signal(signal.SIGTSTP)

    def commands(self):
        """Return the processes that were started from here and still run."""
        return psutil.Process(self.process.proc.pid).children()

    def wait_for(self, pattern):
        """Return when a line that matches `pattern` has come, after those waited for before."""
        self.process.expect(pattern)

    def finish(self):
        """Wait for the last command's end and return the whole screen. Raises RuntimeError if that failed."""
        self.process.sendeof()
        self.process.expect(pexpect.EOF)
        self.process.wait()
        if self.process.proc.returncode != 0:
            raise RuntimeError(f"exit status {self.process.proc.returncode}:\n{self.text()}")
        return self.text()

    def text(self):
        """Return what is on the screen so far, with line ends as text files have them."""
        return self.screen.getvalue().replace("\r\n", "\n")

    def memory(self):
        """Return the bytes of memory in use: PSS where the system knows it, else RSS."""
        return sum(map(memory_of, self.commands()))

    def close(self):
        """Leave no process behind."""
        if self.process.proc.poll() is None:
            for process in self.commands():
                process.kill()
            self.process.proc.kill()
        self.process.proc.wait()


class Desk(ExitStack):
    """The terminals of one walk through the lesson, all in one directory; use it in a with statement."""

    def __init__(self, directory):
        super().__init__()
        self.directory = directory

    def open(self, command):
        """Type `command` into a new terminal and return the Terminal."""
        terminal = Terminal(self.directory)
        self.callback(terminal.close)
        terminal.type(command)
        return terminal
