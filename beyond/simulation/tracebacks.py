"""Tracebacks in a log that comes line by line: told apart from its other lines, and said in one."""

import re

BEGINNING = "Traceback (most recent call last):"
CHAINS = (  # what stands between the tracebacks of one failure, the first of which is the cause
    "The above exception was the direct cause of the following exception:",
    "During handling of the above exception, another exception occurred:",
)
FRAME = re.compile(r'^\s+File "(?P<file>.+)", line (?P<line>\d+)')
OF_THE_APP = re.compile(r".*[/\\]apps[/\\][^/\\]+[/\\](.+)")  # where Flower has unpacked it


class Tracebacks:
    """Reads a log's lines; `last` is its last failure, "KeyError: 'x' (server.py, line 30)", or None."""

    def __init__(self):
        self.last = None
        self.is_inside = False  # a traceback
        self.is_chained = False  # the next traceback explains the last failure no better
        self.place = None  # the last line of the app's own code that is named

    def take(self, line):
        """Return whether `line` belongs to a traceback."""
        text = line.strip()
        if text.endswith(BEGINNING):
            self.is_inside, self.place = True, None
        elif self.is_inside:
            self._take_inside(line, text)
        elif text in CHAINS:
            self.is_chained = True
        else:
            self.is_chained = self.is_chained and not text
            return self.is_chained
        return True

    def _take_inside(self, line, text):
        if frame := FRAME.match(line):
            if own := OF_THE_APP.fullmatch(frame["file"]):
                self.place = f"{own[1]}, line {frame['line']}"
        elif text and not line[0].isspace():
            if not self.is_chained:
                self.last = f"{text} ({self.place})" if self.place else text
            self.is_inside = self.is_chained = False
