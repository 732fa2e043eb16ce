"""Look at an answer from outside: another process runs it, and then a real federation, if there is one."""

import json
import os
import re
import signal
from contextlib import chdir, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import federation
from beyond.practice.skeleton import fault_to_read
from support.command_line import RunError, UserError
from support.listening import free_port
from support.processes import check_not_lost, ending, start_command, stop_all
from support.signals import signals_deferred
from support.tables import read_history

PROGRAMS = ("beyond.practice.server", "beyond.practice.client")
WORDS = (
    "--rounds 3 --local-epochs 2 --run run --clients {} --address 127.0.0.1:{} --round-timeout {}"
)
LONGEST_FEDERATION = 6  # times as long as a function may take
LEARNED = 0.02  # of the test images: by less than that, nothing has been learned


@dataclass
class Verdict:
    """What is right with an answer, and what is not: the title of a step, and lines about it."""

    passed: list = field(default_factory=list)
    title: str = "it can be run"
    fault: list = field(default_factory=list)
    printed: str = ""
    accuracies: dict = field(default_factory=dict)  # {run: those of its rounds, fractions}


def verdict_on(context, exercise, path, seconds):
    """Return the Verdict on the answer in the file `path`; it has so many `seconds` for its steps."""
    if lines := fault_to_read(exercise, path):
        return Verdict(fault=lines)
    # A process that is killed may hold a file of Windows' for a moment.
    with TemporaryDirectory(prefix="practice-", ignore_cleanup_errors=True) as work:
        verdict = attempted(context, exercise, path, Path(work), seconds)
        for run in () if verdict.fault else exercise.runs:
            federate(context, exercise, path, Path(work, run), seconds, verdict)
    return verdict


def attempted(context, exercise, path, work, seconds):
    """Let attempt.py run an answer, and return its Verdict, also if it could not say one."""
    log, file = work / "log.txt", work / "verdict.json"
    given = {"name": exercise.name, "path": str(path), "work": str(work), "seconds": seconds}
    status = contained(context, log, **given)
    said = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    if not said.pop("finished", False):
        ended = f"It has ended the whole program ({ending(status)}): os._exit, or out of memory?"
        said["fault"] = stopped(texts_of([log]), path, seconds) or [ended]
    return Verdict(**said)


def contained(context, log, **given):
    """Run attempt.py, and return its exit status."""
    started = []
    with groups_that_end(context) as watched:
        try:
            with signals_deferred():  # the first takes seconds to start, and is to be stopped, too
                started.append(start_command(watched, "beyond.practice.attempt", [], log, **given))
            started[0].join()
        finally:
            stop_all(started)
    check_not_lost(started[0])
    return started[0].exitcode


class WatchedContext:
    """A multiprocessing context that keeps the `processes` that are made in it."""

    def __init__(self, context):
        self.context = context
        self.processes = []

    def Process(self, **given):
        """Return a new process, as the context does."""
        self.processes.append(self.context.Process(**given))
        return self.processes[-1]


@contextmanager
def groups_that_end(context):
    """Yield a WatchedContext; what an answer in its processes has started does not outlive the block."""
    watched = WatchedContext(context)
    try:
        yield watched
    finally:
        for process in watched.processes:
            # Windows has no groups; this one may be empty, or its process not started.
            with suppress(AttributeError, OSError, TypeError):
                os.killpg(process.pid, signal.SIGKILL)


def stopped(texts, path, seconds):
    """Return where an answer was when its time was over, as logs say, or nothing if that was not so."""
    text = "".join(texts)
    if "Timeout (" not in text:
        return []
    if place := re.search(rf'File "{re.escape(str(path))}", line (\d+)', text):
        return [
            f"Stopped after {seconds:g} seconds in line {place[1]}: is that a loop without an end?"
        ]
    return [
        f"Stopped after {seconds:g} seconds: this machine is busy, and --seconds gives it more."
    ]


def federate(context, exercise, path, folder, seconds, verdict):
    """Run a federation in `folder`, where its partitions are, and add to `verdict` what comes of it."""
    limit, log, path = LONGEST_FEDERATION * seconds, folder / "server.log", path.resolve()
    words = WORDS.format(exercise.clients, free_port(), seconds).split()
    given = {"name": exercise.name, "path": str(path), "seconds": limit}
    verdict.title = f"a real federation of {exercise.clients} clients"
    with chdir(folder), groups_that_end(context) as watched:
        try:
            args = federation.parse(words)
            federation.run_processes(watched, args, PROGRAMS, server_log=log, **given)
        except (RunError, UserError, SystemExit) as error:
            if getattr(error, "code", 1) not in (1, 2):  # a signal is not the answer's fault
                raise
            texts = texts_of([*sorted(folder.glob("run/logs/*.log")), log])
            verdict.fault = stopped(texts, path, limit) or [why_it_failed(texts, error)]
            return
        keep_accuracies(verdict, folder.name, [row.accuracy for row in read_history("run")])


def keep_accuracies(verdict, run, accuracies):
    """Add to `verdict` the accuracies of the rounds of `run`, and whether something has been learned."""
    verdict.accuracies[run] = accuracies
    if accuracies[-1] < accuracies[0] + LEARNED:
        verdict.fault = ["It has learned nothing by the last round: see the accuracies."]
    elif verdict.title not in verdict.passed:
        verdict.passed.append(verdict.title)


def why_it_failed(texts, error):
    """Return the last words of the first program of which the logs' `texts` have some, or of `error`."""
    found = [re.search(r"^beyond\.practice\.\w+: (.*)", text, re.MULTILINE) for text in texts]
    return next((match[1] for match in found if match), str(error))


def texts_of(logs):
    """Return what is in those of `logs` that are there."""
    return [log.read_text(encoding="utf-8", errors="replace") for log in logs if log.exists()]
