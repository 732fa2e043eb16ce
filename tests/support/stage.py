"""A stage for processes: commands that start at once, and can be listened to, stopped and killed."""

import json
import os
import queue
import re
import signal
import subprocess
import sys
import threading
from collections import namedtuple
from contextlib import suppress
from itertools import count
from pathlib import Path

from tests.support.exclusive import exclusive_to, is_free
from tests.support.harness import PATIENCE, PROGRAMS, ROOT, environment, kill_session, wait_until

Finished = namedtuple("Finished", "status stdout stderr")


class Stage:
    """Starts commands, each in a new fork of one process that has imported everything they need."""

    def __init__(self, directory, patience=PATIENCE, one_stream=False):
        """`directory` is where the commands' output goes, stdout and stderr together if `one_stream`.

        A test gives up what takes longer than `patience` seconds.
        """
        self.directory = directory
        self.patience = patience
        self.one_stream = one_stream
        self.statuses = {}
        self.actors = []
        self._taken = set()  # ports and directories that commands have had to themselves
        self._names = count()
        self._started = queue.SimpleQueue()
        self.process = subprocess.Popen(
            [sys.executable, PROGRAMS / "fork.py"],
            env=environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C is for us; this ends when its stdin does
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def start(self, *words, cwd, cold=False, beside=False, **changes):
        """Start `python WORDS` in the directory `cwd`; return the Actor.

        A script's name is relative to ROOT. `changes` are made to the environment. With `cold`, a new Python
        imports for itself, which takes seconds, and clears up at its end. A command that had the same port or
        run is waited for, until it has ended; not so if this one is to run `beside` it.
        """
        needed = exclusive_to(words, cwd)
        if not beside:
            self._wait_for_the_end_of_those_who_have(needed)
        self._taken |= needed
        first, *options = map(str, words)
        words = [first if first.startswith("-") else str(ROOT / first), *options]
        name = self.directory / str(next(self._names))
        streams = [f"{name}.out", f"{name}.out" if self.one_stream else f"{name}.err"]
        self._ask(words=words, cwd=str(cwd), cold=cold, streams=streams, environment=changes)
        actor = Actor(self, self._started.get(timeout=PATIENCE), words, streams, needed)
        self.actors.append(actor)
        return actor

    def _ask(self, **request):
        self.process.stdin.write((json.dumps(request) + "\n").encode())
        self.process.stdin.flush()

    def forget(self, number):
        """Let the system give the number of a process that has ended to another one."""
        del self.statuses[number]
        self._ask(forget=number)

    def _wait_for_the_end_of_those_who_have(self, needed):
        they = [actor for actor in self.actors if actor.has & needed]
        wait_until(lambda: all(actor.ended for actor in they), ("their end", they), self.patience)
        self.assert_nobody_fails()
        taken = needed & self._taken
        wait_until(lambda: all(map(is_free, taken)), f"{taken} are free again", self.patience)

    def run(self, *words, cwd, **changes):
        """Start a command and return what it has come to."""
        actor = self.start(*words, cwd=cwd, **changes)
        try:
            return Finished(actor.wait(), actor.stdout, actor.stderr)
        finally:
            actor.remove()

    def clear(self):
        """Kill what still runs, and all that it has started, and return when nothing does."""
        for actor in list(self.actors):
            actor.remove()

    def close(self):
        """End the process that forks, and with it all others."""
        self.process.stdin.close()
        self.process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        self.process.stdout.close()

    def assert_nobody_fails(self, but=None):
        """Fail if a command that no test has disturbed has ended badly: others would wait for it in vain."""
        for actor in self.actors:
            is_well = actor.may_fail or self.statuses.get(actor.number, 0) == 0
            assert is_well or actor is but, f"failed: {actor}"

    def _read(self):
        for line in self.process.stdout:
            message = json.loads(line)
            if "started" in message:
                self._started.put(message["started"])
            else:
                self.statuses[message["ended"]] = message["status"]


class Actor:
    """One running command. Its output is in files; what it prints can be waited for."""

    def __init__(self, stage, number, words, streams, has):
        self.stage = stage
        self.number = number
        self.words = words
        self.has = has  # the ports and the directories that are only its own
        self.may_fail = False  # without failing the test at once
        self.files = list(map(Path, dict.fromkeys(streams)))
        for file in self.files:
            file.touch()

    @property
    def stdout(self):
        """What it has printed so far, without half a line at the end."""
        return self._printed(self.files[0])

    @property
    def stderr(self):
        """What it has printed on stderr so far; on both streams, if they are one."""
        return self._printed(self.files[-1])

    @property
    def output(self):
        """What it has printed so far on both, one after the other."""
        return "".join(map(self._printed, self.files))

    @property
    def lines(self):
        """The lines of its output."""
        return self.output.splitlines()

    @property
    def ended(self):
        """Whether it has ended."""
        return self.number in self.stage.statuses

    def _printed(self, file):
        all_of_it = self.ended  # asked first: what has ended writes no more
        content = file.read_bytes()
        printed = content if all_of_it else content[: content.rfind(b"\n") + 1]
        return printed.decode(errors="replace")

    def found(self, pattern):
        """Return all matches of `pattern` in its output, line by line."""
        return [match for line in self.lines if (match := re.search(pattern, line))]

    def wait_for(self, pattern, seconds=None, times=1):
        """Return the match of the `times`-th line that matches; see wait_until."""
        what = f"line {times} that matches {pattern!r}"
        self.wait_until(lambda: len(self.found(pattern)) >= times, what, seconds)
        return self.found(pattern)[times - 1]

    def wait_until(self, condition, what, seconds=None):
        """Return when `condition()` is true; fail at once if this ends before, or another command fails."""

        def is_true():
            over = self.ended  # asked first, for one last look
            if condition():
                return True
            assert not over, f"waited in vain for {what}: {self}"
            self.stage.assert_nobody_fails(but=self)
            return False

        wait_until(is_true, (what, self), seconds or self.stage.patience)

    def wait(self, seconds=None):
        """Return its exit status, -N if signal N has ended it."""
        self.may_fail = True  # the caller sees how it ends
        self.wait_until(lambda: self.ended, "its end", seconds)
        self.stage.assert_nobody_fails()
        return self.stage.statuses[self.number]

    def finish(self):
        """Wait for its end, which is to be a good one: what it has written can be read then."""
        assert self.wait() == 0, self

    def complaint(self, status=2):
        """Wait for its end with this status; return its last line, which says why, and no traceback does."""
        assert self.wait() == status, self
        assert "Traceback" not in self.output, self
        return self.stderr.splitlines()[-1]

    def send(self, number):
        """Send it a signal; the zombie that it is after its end minds none."""
        self.may_fail = True
        with suppress(ProcessLookupError):  # a test that fails removes it
            os.kill(self.number, number)

    def send_to_group(self, number):
        """Send a signal to all of its processes, as a terminal does on Ctrl-C."""
        self.may_fail = True
        os.killpg(self.number, number)

    def kill(self):
        """kill -9, and wait until it is gone."""
        self.send(signal.SIGKILL)
        assert self.wait() == -signal.SIGKILL

    def remove(self):
        """Leave nothing of it behind: no process that it has started, and no file."""
        self.stage.actors.remove(self)
        kill_session(self.number)
        wait_until(lambda: self.ended, ("its end", self))
        self.stage.forget(self.number)
        for file in self.files:
            file.unlink()

    def __repr__(self):
        return f"{' '.join(self.words)}\n{self.output}"
