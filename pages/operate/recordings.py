"""Walk OPERATE.md on machines of its own, and keep what they show.

operate.json is both what is typed and what came of it: {step: lines}. A line is a file that is carried by
hand (`bring`, `to`), or a command: `text`, typed on the machine `where`, and its `output`. It may have more:

    line     the text with <node0> instead of the number that SuperLink has given that machine's node, and
             <run> instead of that of the last run
    until    the command is typed again until its output matches this
    grows    ... and until it begins with a larger number than the last time
    status   the exit status, if it is not 0
    show     the page has the lines of the output that match this

It takes some ten minutes, and root's rights. The machines have systemd, all on one Linux host: see
machines.py. Many lines are typed while a run goes on.
"""

import json
import re
import tempfile
import time
from pathlib import Path

from beyond.simulation.private_flower import PrivateFlower
from pages.operate.facts import WALK
from pages.operate.machines import LONG, NEEDED, Machines, can_boot
from pages.record import Recording
from support.command_line import RunError

NODE, RUN = (re.compile(rf"{words} (\d+)") for words in ("SuperNode ID:", "started run"))
PLACE = re.compile(r"<((?:old )?node\d|run)>")


class Walk:
    """Types lines on machines, and remembers what SuperLink calls their nodes."""

    def __init__(self, machines):
        self.machines = machines
        self.numbers = {}  # of nodes, by machine, "old node0" before its key was changed; and of the run
        self.last = -1  # the number that the last growing output began with

    def take(self, line):
        """Bring a file, or type a line until it shows what it is to show; return what is kept of it."""
        if "bring" in line:
            self.machines.bring(line["bring"], line["to"])
            return line
        text, until = (self._filled(part) for part in (typed(line), line.get("until", "")))
        deadline = time.monotonic() + LONG
        while True:
            status, output = self.machines.type(line["where"], text)
            if re.search(until, output, re.MULTILINE) and self._has_grown(line, output):
                break
            if time.monotonic() > deadline:
                raise RunError(f"{line['where']}: {text}: no {until!r}, but {output[-500:]!r}")
            time.sleep(0.5)
        if status != line.get("status", 0) and not until:
            raise RunError(f"{line['where']}: {text}: status {status}: {output[-500:]}")
        self._remember(line["where"], output)
        return line | {"text": text, "output": output}

    def _has_grown(self, line, output):
        if "grows" not in line:
            return True
        found = re.match(r"\d+", output)
        if not found or int(found[0]) <= self.last:
            return False
        self.last = int(found[0])
        return True

    def _filled(self, text):
        return PLACE.sub(lambda place: self.numbers[place[1]], text)

    def _remember(self, where, output):
        if found := RUN.search(output):
            self.numbers["run"] = found[1]
        if found := NODE.search(output):
            self.numbers[f"old {where}"] = self.numbers.get(where, found[1])
            self.numbers[where] = found[1]


def typed(line):
    """Return what is typed for a line, with <node0> where a number comes."""
    return line.get("line", line["text"])


def walk(lesson, logs):
    """Walk through all steps with the repository's copy `lesson`; return {step: what is kept}."""
    kept = {}
    with PrivateFlower(logs) as flower, Machines(flower, lesson) as machines:
        steps = Walk(machines)
        for name, lines in WALK.items():
            print(f"Walking: {name}", flush=True)
            if name.endswith("_machine"):
                machines.boot(name.removesuffix("_machine"))
            kept[name] = [steps.take(line) for line in lines]
    return kept


def record(directory, recorded):
    """Walk, where machines can be booted."""
    if not can_boot():
        print("Not recorded: no machines can be booted here; it takes root's rights and", *NEEDED)
        return
    with tempfile.TemporaryDirectory() as logs:
        kept = walk(directory, Path(logs))
    text = json.dumps(kept, indent=1, ensure_ascii=False) + "\n"
    (recorded / "operate.json").write_text(text, encoding="utf-8")


RECORDINGS = {"walk": Recording(function=record)}
