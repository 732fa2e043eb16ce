"""events.jsonl: what happens in a run, a line of JSON each, for those who want to watch it.

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


def tell_nothing(what, **details):
    """Do nothing: the `tell` of a run without a record."""


class EventLog:
    """Writes what it is told to events.jsonl in `directory`, each line at once. Any thread may tell it.

    It keeps all lines until `begin` or `resume`, because an earlier run may still be in the directory.
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
            event = {"time": stamp, "seconds": seconds, "what": what, **finite(details)}
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
        """Go on after the Round `row`, the last that is on record; drop what came after it."""
        try:
            lines = self.path.read_bytes().splitlines(keepends=True) if self.path.exists() else []
        except OSError as error:
            return self._give_up(error)
        lines = _lines_until(lines, row.round)
        events = [event for event in map(parsed, lines) if event]
        self.began = time.monotonic() - (events[-1]["seconds"] if events else 0.0)
        self._open(lines)
        if not events or not _ends(events[-1], row.round):
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
        """Replace the file, so that watchers see it, by one with `lines` and what has waited."""
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
        say(f"Cannot write {self.path}: {reason}; this run cannot be watched from here on")
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
            reasons = {
                KeyboardInterrupt: "by Ctrl-C",
                SystemExit: "by a signal",  # also federation.py's, which ends its server that way
            }
            events.end("stopped", reason=reasons.get(type(error)) or str(error))
            raise
        events.end("finished")


def finite(details):
    """Return `details` with None instead of NaN and infinity, which JSON does not know."""
    return {
        name: None if isinstance(value, float) and not math.isfinite(value) else value
        for name, value in details.items()
    }


def _finished(row):
    """Return what an event says of a Round that is on record; `took` are its seconds."""
    details = asdict(row)
    return {"took": details.pop("seconds"), **details}


def parsed(line):
    """Return the event in a line of the file, or None if the line is damaged."""
    with suppress(ValueError, TypeError, KeyError, RecursionError):
        event = json.loads(line)
        if isinstance(event["what"], str) and 0 <= event["seconds"] < math.inf:
            return event
    return None


def _lines_until(lines, last_round):
    """Return those of `lines` up to the end of round `last_round`, without what was rolled back."""
    kept = []
    for line in lines:
        event = parsed(line) or {}
        is_later = event.get("round", 0) > last_round or event.get("what") == "stopped"
        # A run may be stopped before it tells of a round's end.
        if is_later or not line.endswith(b"\n"):
            break
        kept.append(line)
        if _ends(event, last_round):
            break
    return kept


def _ends(event, last_round):
    return (event.get("what"), event.get("round")) == ("evaluated", last_round)
