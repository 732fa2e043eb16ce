"""events.jsonl: what happens in a run, a line of JSON each, for whoever wants to watch it.

Every line has `time` (UTC, ISO 8601), `seconds` of the run (those in which it was stopped do not count), and
`what`; beyond/watch/README.md lists what there is. Nothing in a run depends on it: a disk that does not take
it ends no training.
"""

import json
import math
import threading
import time
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from support.files import in_words, replaced_file
from support.terminal import say

NAME = "events.jsonl"


def nobody(what, **details):
    """Tell nobody: for those who run without a record."""


class EventLog:
    """Writes what it is told to events.jsonl in `directory`, each line at once. Any thread may tell it.

    Until `begin` or `resume` it keeps everything to itself, for an earlier run may still be in the directory.
    """

    def __init__(self, directory):
        self.path = Path(directory, NAME)
        self.file = None
        self.waiting = []  # lines that have no file yet; None once there will be none
        self.began = time.monotonic()
        self.lock = threading.RLock()

    def tell(self, what, **details):
        """Write one event; after the end it comes too late."""
        with self.lock:
            stamp = datetime.now(UTC).isoformat(timespec="milliseconds")
            seconds = round(time.monotonic() - self.began, 3)
            event = {"time": stamp, "seconds": seconds, "what": what, **_finite(details)}
            line = json.dumps(event).encode() + b"\n"
            if self.file is not None:
                self._write(line)
            elif self.waiting is not None:
                self.waiting.append(line)

    def end(self, what, **details):
        """Write the last event."""
        with self.lock:
            self.tell(what, **details)
            self.close()

    def begin(self):
        """Start the file of a new run; it replaces that of an earlier one."""
        self._open([])

    def resume(self, row):
        """Go on after the Round `row`, the last that is on record; what came after it never was."""
        try:
            lines = _lines_until(self.path, row.round)
        except OSError as error:
            return self._give_up(error)
        events = [event for event in map(parsed, lines) if event]
        self.began = time.monotonic() - _seconds_of(events)
        self._open(lines)
        if not any(_ends(event, row.round) for event in events):
            self.tell("evaluated", **_finished(row))

    def round_finished(self, row):
        """Tell about `row`, a Round on record; the first one replaces the events of an earlier run."""
        if row.round == 0:
            self.begin()
        self.tell("evaluated", **_finished(row))

    def close(self):
        """Write nothing any more."""
        with self.lock, suppress(OSError):  # what the disk does not take is lost
            file, self.file, self.waiting = self.file, None, None
            if file is not None:
                file.close()

    def _open(self, lines):
        """Make the file anew, so that watchers see it, with `lines` and what has waited."""
        with self.lock:
            try:
                with replaced_file(self.path) as file:
                    file.writelines([*lines, *self.waiting])
                self.file, self.waiting = self.path.open("ab"), None
            except OSError as error:
                self._give_up(error)

    def _write(self, line):
        try:
            self.file.write(line)
            self.file.flush()
        except OSError as error:
            self._give_up(error)

    def _give_up(self, error):
        reason = in_words(error, self.path)
        say(f"Cannot write {self.path}: {reason}; nobody can watch this run from here on")
        self.close()


@contextmanager
def events_of(args, row):
    """Yield the EventLog of the run with the options `args`; in the end it is told how the run has ended.

    `row` is the Round after which the run goes on, None for a new one.
    """
    with closing(EventLog(args.run)) as events:
        size = {"clients": args.clients, "rounds": args.rounds}
        if row is None:
            events.tell("started", **size)
        else:
            events.resume(row)
            events.tell("resumed", round=row.round, **size)
        try:
            yield events
        except BaseException as error:
            events.end("stopped", reason=_in_words(error))
            raise
        events.end("finished")


def _in_words(error):
    if isinstance(error, KeyboardInterrupt):
        return "by Ctrl-C"
    return "by SIGTERM" if isinstance(error, SystemExit) else str(error)


def _finite(details):
    """Return `details` with None instead of NaN and infinity, which JSON does not know."""
    return {
        name: None if isinstance(value, float) and not math.isfinite(value) else value
        for name, value in details.items()
    }


def parsed(line):
    """Return the event in a line of the file, or None if the line is damaged."""
    with suppress(ValueError, RecursionError):
        event = json.loads(line)
        if isinstance(event, dict) and isinstance(event.get("what"), str):
            return event
    return None


def _finished(row):
    """Return what an event says of a Round that is on record; `took` are its seconds."""
    details = asdict(row)
    return {"took": details.pop("seconds"), **details}


def _lines_until(path, last_round):
    """Return the whole lines up to the end of round `last_round`, and none of what was rolled back."""
    lines = []
    for line in path.read_bytes().splitlines(keepends=True) if path.exists() else ():
        event = parsed(line) or {}
        if not line.endswith(b"\n") or _is_later(event, last_round):
            break
        lines.append(line)
        if _ends(event, last_round):
            break
    return lines


def _is_later(event, last_round):
    """Return whether `event` came after that round: a run may be stopped before it has told of its end."""
    is_of_later = isinstance(event.get("round"), int) and event["round"] > last_round
    return is_of_later or event.get("what") == "stopped"


def _ends(event, last_round):
    return (event.get("what"), event.get("round")) == ("evaluated", last_round)


def _seconds_of(events):
    """Return how long the run had gone on by the last of `events` that says so, or 0.0.

    Only the run's own seconds count, because the clock on the wall may have been set since.
    """
    told = [event.get("seconds") for event in events]
    sound = [one for one in told if isinstance(one, int | float) and 0 <= one < math.inf]
    return sound[-1] if sound else 0.0
