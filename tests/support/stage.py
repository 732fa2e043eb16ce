"""A stage for processes: commands that start at once, and can be listened to, stopped and killed."""

import itertools
import json
import os
import queue
import re
import signal
import subprocess
import sys
import threading
import time
from collections import namedtuple
from contextlib import suppress
from pathlib import Path

from tests.support.exclusive import exclusive_to, wait_until_free
from tests.support.harness import PATIENCE, PROGRAMS, ROOT, environment, kill_session, wait_until
from tests.support.watch import Watch

Finished = namedtuple("Finished", "status stdout stderr")


class Stage:
    """Starts commands, each in a new fork of one process that has imported everything they need."""

    def __init__(self, directory):
        """`directory` is where the commands' output goes."""
        self.directory = directory
        self.statuses = {}
        self.actors = []
        self._taken = set()  # ports and directories that commands have had to themselves
        self._names = itertools.count()
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
        name = self.directory / str(next(self._names))
        request = {"words": script_and_options(words), "cwd": str(cwd), "cold": cold}
        request |= {"stdout": f"{name}.out", "stderr": f"{name}.err", "environment": changes}
        self._ask(request)
        actor = Actor(self, self._started.get(timeout=PATIENCE), request, needed)
        self.actors.append(actor)
        return actor

    def _ask(self, request):
        self.process.stdin.write((json.dumps(request) + "\n").encode())
        self.process.stdin.flush()

    def forget(self, number):
        """Let the system give the number of a process that has ended to another one."""
        del self.statuses[number]
        self._ask({"forget": number})

    def _wait_for_the_end_of_those_who_have(self, needed):
        for actor in self.actors:
            if actor.has & needed:
                actor.wait_as_others_do()
        wait_until_free(needed & self._taken, PATIENCE)

    def run(self, *words, cwd, seconds=PATIENCE, **changes):
        """Start a command and return what it has come to, which takes less than `seconds`."""
        actor = self.start(*words, cwd=cwd, **changes)
        try:
            return Finished(actor.wait(seconds), actor.stdout, actor.stderr)
        finally:
            actor.remove()

    def clear(self):
        """Kill what still runs, whoever has started it, and return when nothing does."""
        for actor in list(self.actors):
            actor.remove()

    def close(self):
        """End the process that forks, and with it all others."""
        self.process.stdin.close()
        self.process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        self.process.stdout.close()

    def sessions(self):
        """Return the numbers of the sessions that still run, one a command, with all of its processes."""
        return {actor.number for actor in self.actors if not actor.ended}

    def bytes_printed(self):
        """Return how much the commands have printed so far, all together."""
        return sum(file.stat().st_size for actor in self.actors for file in actor.files)

    @property
    def has_closed(self):
        """Whether nobody can say any more how actors have ended."""
        return not self._reader.is_alive()

    def assert_nobody_fails(self, but=None):
        """Fail if somebody has ended badly whom nobody has disturbed: others would wait for it in vain."""
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


def script_and_options(words):
    """Return a command's words as strings, a script with the directory that it is in."""
    first, *options = words
    if not str(first).startswith("-"):
        first = ROOT / first
    return list(map(str, [first, *options]))


class Actor:
    """One running command. Its output is in files; what it prints can be waited for."""

    def __init__(self, stage, number, request, has):
        self.stage = stage
        self.number = number
        self.has = has  # the ports and the directories that are only its own
        self.words = request["words"]
        self.may_fail = False  # without failing the test at once
        self.files = [Path(request["stdout"]), Path(request["stderr"])]
        for file in self.files:
            file.touch()

    @property
    def stdout(self):
        """What it has printed so far, without half a line at the end."""
        return self._printed(self.files[0])

    @property
    def stderr(self):
        """What it has printed on stderr so far."""
        return self._printed(self.files[1])

    @property
    def output(self):
        """What it has printed so far on both, one after the other."""
        return self.stdout + self.stderr

    @property
    def lines(self):
        """The lines of its output."""
        return self.output.splitlines()

    @property
    def ended(self):
        """Whether it has ended."""
        return self.number in self.stage.statuses or self.stage.has_closed

    def _printed(self, file):
        all_of_it = self.ended  # asked first: what has ended writes no more
        content = file.read_bytes()
        return (content if all_of_it else content[: content.rfind(b"\n") + 1]).decode()

    def found(self, pattern):
        """Return all matches of `pattern` in its output, line by line."""
        return [match for line in self.lines if (match := re.search(pattern, line))]

    def wait_for(self, pattern, times=1, seconds=PATIENCE):
        """Return the match of the `times`-th line that matches; see wait_until."""
        what = f"line {times} that matches {pattern!r}"
        self.wait_until(lambda: len(self.found(pattern)) >= times, what, seconds)
        return self.found(pattern)[times - 1]

    def wait_until(self, condition, what, seconds=PATIENCE):
        """Return when `condition()` is true; fail at once if this ends before, or anybody else fails."""
        deadline, watch = time.monotonic() + seconds, Watch(self.stage)
        over = False
        while not condition():
            assert not over, f"waited in vain for {what}: {self}"
            over = self.ended or time.monotonic() > deadline  # one last look
            self.stage.assert_nobody_fails(but=self)
            watch.assert_somebody_works()
            time.sleep(0.01)

    def wait(self, seconds=PATIENCE):
        """Return its exit status, -N if signal N has ended it."""
        self.may_fail = True  # the caller sees how it ends
        deadline, watch = time.monotonic() + seconds, Watch(self.stage)
        while not self.ended:
            assert time.monotonic() < deadline, f"still runs after {seconds:g} s: {self}"
            self.stage.assert_nobody_fails()
            watch.assert_somebody_works()
            time.sleep(0.005)
        assert self.number in self.stage.statuses, f"the process that forks has ended before {self}"
        return self.stage.statuses[self.number]

    def finish(self, seconds=PATIENCE):
        """Wait for its end, which is to be a good one: what it has written can be read then."""
        assert self.wait(seconds) == 0, self

    def wait_as_others_do(self):
        """Wait for its end; a bad one is a failure unless the test has disturbed it."""
        may_fail = self.may_fail
        self.wait()
        self.may_fail = may_fail
        self.stage.assert_nobody_fails()

    def send(self, number):
        """Send it a signal, if it still runs."""
        self.may_fail = True
        if not self.ended:
            with suppress(ProcessLookupError):  # it has ended just now
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
        wait_until(lambda: self.ended, f"{self.number} ends")
        if not self.stage.has_closed:
            self.stage.forget(self.number)
        for file in self.files:
            file.unlink()

    def __repr__(self):
        return f"{' '.join(self.words)}\n{self.output}"
