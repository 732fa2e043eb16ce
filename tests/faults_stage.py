"""A stage for faults: servers and clients that start at once, and can be stopped, killed and listened to.

A pytest plugin: what a test module needs it names with pytest_plugins = ["faults_stage"].
"""

import contextlib
import functools
import itertools
import json
import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from faults_settings import SIZES, TEST_SIZE
from harness import PATIENCE, ROOT, TESTS, environment, free_address, sha256, wait_until
from small import write_partitions

from support.history import read_history


class Stage:
    """Starts commands, each in a new fork of one process that has imported everything they need."""

    def __init__(self, directory):
        self.directory = directory
        self.statuses = {}
        self.actors = []
        self._names = itertools.count()
        self._started = []
        self._news = threading.Condition()
        self.process = subprocess.Popen(
            [sys.executable, TESTS / "faults_fork.py"],
            env=environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def start(self, *words, cwd):
        """Start `python WORDS` in the directory `cwd`; return the Actor."""
        name = self.directory / f"{next(self._names)}"
        request = {"words": list(map(str, words)), "cwd": str(cwd)}
        request |= {"stdout": f"{name}.out", "stderr": f"{name}.err"}
        with self._news:
            self.process.stdin.write((json.dumps(request) + "\n").encode())
            self.process.stdin.flush()
            assert self._news.wait_for(lambda: self._started, PATIENCE)
            actor = Actor(self, self._started.pop(), request)
        self.actors.append(actor)
        return actor

    def clear(self):
        """Kill what still runs and return when nothing does."""
        for actor in self.actors:
            actor.send(signal.SIGKILL)
        for actor in self.actors:
            actor.wait()
        self.actors = []

    def close(self):
        """End the process that forks."""
        self.process.stdin.close()
        self.process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        self.process.stdout.close()

    def _read(self):
        for line in self.process.stdout:
            message = json.loads(line)
            with self._news:
                if "started" in message:
                    self._started.append(message["started"])
                else:
                    self.statuses[message["ended"]] = message["status"]
                self._news.notify_all()

    def wait(self, number, seconds):
        """Return the exit status of a process, or None if it takes longer."""
        with self._news:
            self._news.wait_for(lambda: number in self.statuses, seconds)
        return self.statuses.get(number)


class Actor:
    """One running command. Its output is in files; what it prints can be waited for."""

    def __init__(self, stage, number, request):
        self.stage = stage
        self.number = number
        self.words = request["words"]
        self._files = [Path(request["stdout"]), Path(request["stderr"])]

    @property
    def stdout(self):
        """What it has printed so far, without half a line at the end."""
        return self._complete_lines(self._files[0])

    @property
    def stderr(self):
        """What it has printed on stderr so far."""
        return self._complete_lines(self._files[1])

    @property
    def ended(self):
        """Whether it has ended."""
        return self.number in self.stage.statuses

    def _complete_lines(self, file):
        content = file.read_bytes() if file.exists() else b""
        return content[: content.rfind(b"\n") + 1].decode()

    def found(self, pattern):
        """Return all matches of `pattern` in its stdout, line by line."""
        return [match for line in self.stdout.splitlines() if (match := re.search(pattern, line))]

    def wait_for(self, pattern, times=1, seconds=PATIENCE):
        """Return the match of the `times`-th line that matches; fail if it ends before, or takes too long."""
        while len(found := self.found(pattern)) < times:
            assert not self.ended or len(self.found(pattern)) >= times, (
                f"{self} ended without {pattern!r}"
            )
            try:
                wait_until(
                    lambda: self.ended or len(self.found(pattern)) >= times, pattern, seconds
                )
            except AssertionError:
                raise AssertionError(f"{self} did not print {pattern!r} {times} times") from None
        return found[times - 1]

    def wait(self, seconds=PATIENCE):
        """Return its exit status, -N if signal N has ended it."""
        status = self.stage.wait(self.number, seconds)
        assert status is not None, f"{self} still runs after {seconds} s"
        return status

    def send(self, number):
        """Send it a signal, if it still runs."""
        if not self.ended:
            with contextlib.suppress(ProcessLookupError):  # it has ended just now
                os.kill(self.number, number)

    def kill(self):
        """kill -9, and wait until it is gone."""
        self.send(signal.SIGKILL)
        assert self.wait() == -signal.SIGKILL

    def __repr__(self):
        return f"{' '.join(self.words)}\n{self.stdout}\n{self.stderr}\n"


class Federation:
    """A directory with small partitions, an address, and one run's words for server and clients."""

    def __init__(self, stage, mnist, directory, sizes=SIZES, test_size=TEST_SIZE):
        self.stage = stage
        self.directory = directory
        self.size = len(sizes)
        self.address = free_address()
        self.run = directory / "results/run"
        write_partitions(directory, mnist, sizes, test_size)

    def server(self, *words, rounds=2, moment=None):
        """Start server.py, or faults_server.py if a `moment` is given."""
        command = [TESTS / "faults_server.py", moment] if moment else [ROOT / "server.py"]
        command += ["--clients", self.size, "--rounds", rounds, "--parallel-clients", self.size]
        command += ["--address", self.address, "--run", "results/run", *words]
        return self.stage.start(*command, cwd=self.directory)

    def client(self, number, *words, server=None):
        """Start client.py for the partition `number`."""
        return self._client([ROOT / "client.py"], number, *words, server=server)

    def liar(self, number, lie, *words):
        """Start the client that lies as liars.py says."""
        return self._client([TESTS / "liars.py", lie], number, *words)

    def _client(self, command, number, *words, server=None):
        words = ["--partition-id", number, "--server", server or self.address, *words]
        return self.stage.start(*command, *words, cwd=self.directory)

    def everybody(self, but=()):
        """Start a client for every partition, except for those in `but`; return {number: Actor}."""
        return {number: self.client(number) for number in range(self.size) if number not in but}

    def release(self, who):
        """Let a client that holds go on, or the "server" that pauses."""
        (self.directory / f"go_{who}").touch()

    def history(self):
        """Return the rows of history.csv."""
        return read_history(self.run)

    def counts(self):
        """Return (round, clients, failures) of every finished round."""
        return [(row.round, row.clients, row.failures) for row in self.history()]

    def model(self):
        """Return the checksum of the global model's file."""
        return sha256(self.run / "global_model.npz")

    def assert_record_is_whole(self):
        """Check that history and model are valid and that nothing else is in the run's directory."""
        entries = {entry.name for entry in self.run.iterdir()}
        assert entries == {"history.csv", "run.json", "global_model.npz"}
        assert self.history()


@pytest.fixture(scope="session")
def shared_stage(tmp_path_factory, short_temporary_directory):
    """The stage that all tests share."""
    stage = Stage(tmp_path_factory.mktemp("stage"))
    yield stage
    stage.close()


@pytest.fixture
def stage(shared_stage):
    """The stage, empty again when the test is over."""
    yield shared_stage
    shared_stage.clear()


@pytest.fixture(scope="session")
def make_federation(shared_stage, mnist):
    """make_federation(directory) makes a federation of three clients with some 50 images each."""
    return functools.partial(Federation, shared_stage, mnist)


@pytest.fixture
def federation(stage, make_federation, tmp_path):
    """A federation of which nothing runs yet, and of which nothing does after the test."""
    return make_federation(tmp_path)
