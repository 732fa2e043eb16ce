"""Terminals that a program watches: start a command, wait for what it prints, keep all of it.

Commands stand in README.md in blocks of shell below a line that names the terminal:

    **Terminal 1**

    ```shell
    python server.py
    ```

The first line of a block below **Terminals 2 to 11** belongs to terminal 2, the second to terminal 3, ...
"""

import io
import re
import shlex
import shutil
import sys
import tempfile
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pexpect
import psutil
from pexpect.popen_spawn import PopenSpawn

ROOT = Path(__file__).resolve().parent.parent
BLOCK = re.compile(r"^\*\*Terminals? (\d+)[^\n]*\n+```shell\n(.*?)^```", re.MULTILINE | re.DOTALL)
PATIENCE = 300  # seconds that anything may take before we give up


def section(markdown, title):
    """Return the part of `markdown` below the heading that begins with `title`, its subsections included."""
    heading = re.search(rf"^(#+) {re.escape(title)}", markdown, re.MULTILINE)
    rest = markdown[heading.end() :]
    following = re.search(rf"^#{{1,{len(heading[1])}}} ", rest, re.MULTILINE)
    return rest[: following.start()] if following else rest


def commands_in(markdown):
    """Return [(terminal number, command line), ...] in the order in which `markdown` prints them."""
    return [
        (int(first) + offset, line.partition("  #")[0].strip())
        for first, lines in BLOCK.findall(markdown)
        for offset, line in enumerate(lines.splitlines())
    ]


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
    """One command in one terminal of a Desk."""

    def __init__(self, command, directory):
        words = shlex.split(command)
        words[0] = sys.executable if words[0] == "python" else words[0]
        self.screen = io.StringIO()
        self.process = PopenSpawn(words, cwd=directory, timeout=PATIENCE, encoding="utf-8")
        self.process.logfile_read = self.screen

    def wait_for(self, pattern):
        """Return when a line that matches `pattern` has come, after those waited for before."""
        self.process.expect(pattern)

    def finish(self, status=0):
        """Return everything that the command has printed by its end; raise if its exit status is another."""
        self.process.expect(pexpect.EOF)
        self.process.wait()
        if self.process.proc.returncode != status:
            raise RuntimeError(f"exit status {self.process.proc.returncode}:\n{self.text()}")
        return self.text()

    def text(self):
        """Return what it has printed so far, with line ends as text files have them."""
        return self.screen.getvalue().replace("\r\n", "\n")

    def memory(self):
        """Return the bytes of memory in use: PSS where the system knows it, else RSS."""
        usage = psutil.Process(self.process.proc.pid).memory_full_info()
        return getattr(usage, "pss", 0) or usage.rss

    def close(self):
        """Leave no process behind."""
        if self.process.proc.poll() is None:
            self.process.proc.kill()
        self.process.proc.wait()


class Desk(ExitStack):
    """The terminals of one walk through the lesson, all in one directory; use it in a with statement."""

    def __init__(self, directory):
        super().__init__()
        self.directory = directory

    def open(self, command):
        """Type `command` into a new terminal and return the Terminal."""
        terminal = Terminal(command, self.directory)
        self.callback(terminal.close)
        return terminal
