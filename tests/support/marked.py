"""Processes that a test has started, directly or not: they carry a mark in their environment.

A Stage looks at the sessions of its own commands. Flower's commands begin sessions of their own, so who
starts those is started here.
"""

import re
import subprocess
import sys
import uuid
from contextlib import suppress
from pathlib import Path

import psutil

from tests.support.certificates import make_certificates
from tests.support.exclusive import exclusive_to, wait_until_free
from tests.support.harness import environment, snapshot, wait_until
from tests.support.open_ports import assert_only_loopback, open_ports
from tests.support.small import write_partitions

MARK = "MARKED_BY_A_TEST"
CACHES = (".cache", ".config", "torchinductor")  # matplotlib's and torch's
LONG = 240.0  # seconds that a deployment may take on a busy machine


class Place:
    """A directory with partitions and certificates, a home of its own, and all that is started there."""

    def __init__(self, directory, mnist, sizes, test_size=50):
        self.directory = directory
        self.mark = uuid.uuid4().hex
        self.home, self.temporary = directory / "home", directory / "tmp"
        self.commands = []
        self.flower_homes = set()
        for folder in (self.home, self.temporary):
            folder.mkdir()
        write_partitions(directory, mnist, sizes, test_size)
        make_certificates(directory / "certificates")

    def start(self, *words, beside=False, **changes):
        """Start `python WORDS`; return the Command. `changes` are made to its environment.

        A command that had the same port or run is waited for, unless this one is to run `beside` it.
        """
        needed = exclusive_to(words, self.directory)
        if not beside:
            self._wait_for_the_end_of_those_who_have(needed)
        ours = {"HOME": str(self.home), "TMPDIR": str(self.temporary), MARK: self.mark}
        output = self.directory / f"output_{len(self.commands)}.txt"
        with open(output, "wb") as file:
            process = subprocess.Popen(
                [sys.executable, *map(str, words)],
                cwd=self.directory,
                env={**environment(), **ours, **changes},
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.commands.append(Command(process, output, needed))
        return self.commands[-1]

    def _wait_for_the_end_of_those_who_have(self, needed):
        for command in self.commands:
            if both := command.has & needed:
                command.wait()
                wait_until_free(both, LONG)

    def run(self, *words, **changes):
        """Start `python WORDS` and return the Command when it has ended."""
        command = self.start(*words, **changes)
        command.wait()
        return command

    def run_watched(self, *words, moment, seconds=LONG):
        """Run a command to its good end, which leaves nothing; return what it has printed.

        At the `moment` when a line matches, what it has started is for this machine only.
        """
        command = self.start(*words)
        command.wait_for(moment, seconds)
        assert_only_loopback(open_ports(self.processes()))
        assert command.wait(seconds) == 0, command.output
        self.assert_nothing_is_left()
        return command.output

    def processes(self):
        """Return the processes that carry the mark or name a Flower home of ours, however they came about."""
        found = [process for process in psutil.process_iter() if self._is_ours(process)]
        self.flower_homes.update(filter(None, map(_flower_home_of, found)))
        return found

    def names(self):
        """Return what runs: the names of programs, or Python's modules; sorted."""
        return sorted(filter(None, map(_name_of, self.processes())))

    def command_lines(self):
        """Return the words with which each process was started."""
        found = []
        for process in self.processes():
            with suppress(psutil.Error):
                found.append(process.cmdline())
        return found

    def assert_nothing_is_left(self):
        """Check that no process runs any more, and that no file lies about but caches of libraries."""
        wait_until(lambda: not self.processes(), f"all of them end: {self.names()}")
        files = [*snapshot(self.home), *snapshot(self.temporary)]
        left = [file for file in files if not file.startswith(CACHES)]
        assert not left, left
        assert self.flower_homes, "nobody has looked while they ran"
        assert not [home for home in self.flower_homes if Path(home).exists()]

    def close(self):
        """Kill what runs."""
        for process in self.processes():
            with suppress(psutil.Error):
                process.kill()
        for command in self.commands:
            command.process.wait()

    def _is_ours(self, process):
        with suppress(psutil.Error, OSError):
            if process.status() == psutil.STATUS_ZOMBIE:
                return False
            if process.name() == "nginx":  # it writes its title over its environment
                return any(home in " ".join(process.cmdline()) for home in self.flower_homes)
            return process.environ().get(MARK) == self.mark
        return False


class Command:
    """A command that runs, and what it has printed."""

    def __init__(self, process, file, has):
        self.process = process
        self.file = file
        self.has = has  # the ports and the directories that are only its own

    @property
    def output(self):
        """What it has printed so far."""
        return self.file.read_text(errors="replace")

    def wait_for(self, pattern, seconds=LONG):
        """Return the match of the first line that matches; fail if there is none when it ends."""
        return wait_until(lambda: self._look_for(pattern), f"{pattern!r}", seconds)

    def _look_for(self, pattern):
        has_ended = self.process.poll() is not None  # asked first
        found = re.search(pattern, self.output, re.MULTILINE)
        assert found or not has_ended, f"waited in vain for {pattern!r}:\n{self.output}"
        return found

    def wait(self, seconds=LONG):
        """Return its exit status, -N if signal N has ended it."""
        return self.process.wait(seconds)

    def complaint(self):
        """Check that it has ended with one line and status 2; return the line."""
        assert self.wait() == 2, self.output
        (line,) = self.output.splitlines()
        return line


def _flower_home_of(process):
    with suppress(psutil.Error, OSError):
        return process.environ().get("FLWR_HOME")
    return None


def _name_of(process):
    with suppress(psutil.Error):
        if process.name() == "nginx":
            return "nginx"
        words = process.cmdline() or [process.name()]  # it has none while it ends
        if "python" in Path(words[0]).name and len(words) > 1:
            words = words[2:] if words[1] == "-m" else words[1:]
        return Path(words[0]).name
