"""Processes that a test has started, directly or not: they carry a mark in their environment.

A Stage looks at the sessions of its own commands. Flower's commands begin sessions of their own, so who
starts those is started here.
"""

import uuid
from contextlib import suppress
from pathlib import Path

import psutil

from tests.support.certificates import make_certificates
from tests.support.harness import environment, snapshot, wait_until
from tests.support.open_ports import assert_only_loopback, open_ports
from tests.support.small import write_partitions
from tests.support.stage import Stage

MARK = "MARKED_BY_A_TEST"
CACHES = (".cache", ".config", "torchinductor")  # matplotlib's and torch's
LONG = 240.0  # seconds that a deployment may take on a busy machine


class Place:
    """A directory with partitions and certificates, a home of its own, and all that is started there."""

    def __init__(self, directory, mnist, sizes, test_size=50):
        self.directory = directory
        self.mark = uuid.uuid4().hex
        self.home, self.temporary = directory / "home", directory / "tmp"
        self.flower_homes = set()
        for folder in (self.home, self.temporary, directory / "output"):
            folder.mkdir()
        self.stage = Stage(directory / "output", patience=LONG, one_stream=True)
        write_partitions(directory, mnist, sizes, test_size)
        make_certificates(directory / "certificates")

    def start(self, *words, **changes):
        """Start `python WORDS` here; return the Actor. `changes` are made to its environment."""
        ours = {"HOME": str(self.home), "TMPDIR": str(self.temporary), MARK: self.mark}
        changes = {**environment(), **ours, **changes}
        actor = self.stage.start(*words, cwd=self.directory, cold=True, **changes)
        actor.may_fail = True  # a test may kill what it has started itself
        return actor

    def run(self, *words, **changes):
        """Start `python WORDS` and return the Actor when it has ended."""
        command = self.start(*words, **changes)
        command.wait()
        return command

    def run_watched(self, *words, moment):
        """Run a command to its good end, which leaves nothing; return what it has printed.

        At the `moment` when a line matches, what it has started is for this machine only.
        """
        command = self.start(*words)
        command.wait_for(moment)
        assert_only_loopback(open_ports(self.processes()))
        command.finish()
        self.assert_nothing_is_left()
        return command.output

    def processes(self):
        """Return the processes that carry the mark or name a Flower home of ours, however they came about."""
        every = psutil.process_iter(["status", "name", "cmdline", "environ"], ad_value={})
        found = [process for process in every if self._is_ours(process.info)]
        homes = {process.info["environ"].get("FLWR_HOME") for process in found}
        self.flower_homes |= homes - {None}
        return found

    def names(self):
        """Return what runs: the names of programs, or Python's modules; sorted."""
        return sorted(_name_of(process.info) for process in self.processes())

    def command_lines(self):
        """Return the words with which each process was started."""
        return [process.info["cmdline"] for process in self.processes()]

    def assert_nothing_is_left(self):
        """Check that no process runs any more, and that no file lies about but caches of libraries."""
        wait_until(lambda: not self.processes(), f"all of them end: {self.names()}")
        files = [*snapshot(self.home), *snapshot(self.temporary)]
        left = [file for file in files if not file.startswith(CACHES)]
        assert not left, left
        assert self.flower_homes, "nobody has looked while they ran"
        assert not [home for home in self.flower_homes if Path(home).exists()]

    def close(self):
        """Kill what runs, also what is known only by the home of another, and return when nothing does."""
        while left := self.processes():
            for process in left:
                with suppress(psutil.Error):
                    process.kill()
        self.stage.clear()
        self.stage.close()

    def _is_ours(self, info):
        if info["status"] == psutil.STATUS_ZOMBIE:
            return False
        if info["name"] == "nginx":  # it writes its title over its environment
            return any(home in " ".join(info["cmdline"]) for home in self.flower_homes)
        return info["environ"].get(MARK) == self.mark


def _name_of(info):
    words = info["cmdline"] or [info["name"]]  # it has none while it ends
    if info["name"] == "nginx":
        words = ["nginx"]
    elif "python" in Path(words[0]).name and len(words) > 1:
        words = words[2:] if words[1] == "-m" else words[1:]
    return Path(words[0]).name
