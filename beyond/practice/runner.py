"""Look at an answer from outside: another process runs it, and then a real federation, if there is one."""

import json
import os
import re
import signal
from contextlib import chdir, suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import federation
from beyond.practice.skeleton import fault_to_read
from support.command_line import RunError, UserError
from support.history import read_history
from support.listening import free_port
from support.processes import check_not_lost, ending, last_words, start_command, stop_all

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
    log = work / "log.txt"
    given = {"name": exercise.name, "path": str(path), "work": str(work), "seconds": seconds}
    process = start_command(context, "beyond.practice.attempt", [], log, **given)
    try:
        process.join()
    finally:
        stop_all([process])
        with suppress(AttributeError, OSError):  # Windows has no groups; this one may be empty
            os.killpg(process.pid, signal.SIGKILL)  # what the answer has started
    check_not_lost(process)
    file = work / "verdict.json"
    said = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    if not said.pop("finished", False):
        ended = f"It has ended the whole program ({ending(process.exitcode)}): os._exit, or out of memory?"
        said["fault"] = stopped(log, path, seconds) or [ended]
    return Verdict(**said)


def stopped(log, path, seconds):
    """Return where an answer was when its time was over, as `log` has it, or nothing if that was not so."""
    text = log.read_text(encoding="utf-8", errors="replace")
    if "Timeout (" not in text:
        return []
    place = re.search(rf'File "{re.escape(str(path))}", line (\d+)', text)
    where = f" in {path}, line {place[1]}" if place else ""
    return [f"Stopped after {seconds:g} seconds{where}: is that a loop without an end?"]


def federate(context, exercise, path, folder, seconds, verdict):
    """Run a federation in `folder`, where its partitions are, and add to `verdict` what comes of it."""
    limit, log, path = LONGEST_FEDERATION * seconds, folder / "server.log", path.resolve()
    words = WORDS.format(exercise.clients, free_port(), seconds).split()
    given = {"name": exercise.name, "path": str(path), "seconds": limit}
    verdict.title = f"a real federation of {exercise.clients} clients"
    with chdir(folder):
        try:
            args = federation.parse(words)
            federation.run_processes(context, args, PROGRAMS, server_log=log, **given)
        except (RunError, UserError, SystemExit) as error:
            if getattr(error, "code", 1) not in (1, 2):  # a signal is not the answer's fault
                raise
            verdict.fault = stopped(log, path, limit) or [why_it_failed(log, error)]
            return
        accuracies = [row.accuracy for row in read_history("run")]
    verdict.accuracies[folder.name] = accuracies
    if max(accuracies[1:]) < accuracies[0] + LEARNED:
        verdict.fault = ["It has learned nothing: see the accuracies."]
    elif verdict.title not in verdict.passed:
        verdict.passed.append(verdict.title)


def why_it_failed(log, error):
    """Return the first line of the server's `log` that says why an update is missing, or its last one."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines() if log.exists() else []
    missing = [line for line in lines if re.search("no update from|left out the update", line)]
    return (missing or [last_words(log) if lines else str(error)])[0]
