"""Walk OPERATE.md on machines of its own, and keep what they show.

It takes some ten minutes, and root's rights. The machines have systemd, all on one Linux host:
see machines.py. The commands are those of steps.py; many of them are typed while a run goes on.
"""

from support.command_line import RunError

import json
import re
import tempfile
import time
from pathlib import Path

from beyond.simulation.private_flower import PrivateFlower
from pages.operate.machines import LONG, NEEDED, Machines, can_boot
from pages.operate.steps import STEPS, Bring
from pages.record import Recording

NUMBER = re.compile(r"SuperNode ID: (\d+)")
PLACE = re.compile(r"<((?:old )?node\d)>")


class Walk:
    """Types lines on machines, remembers what SuperLink calls their nodes, and keeps what is shown."""

    def __init__(self, machines):
        self.machines = machines
        self.numbers = {}  # of nodes, by machine; "old node0" before its key was changed
        self.last = -1  # the number that the last growing output began with

    def take(self, lines):
        """Type all lines of a step; return what is to be kept of them."""
        return [
            self._bring(line) if isinstance(line, Bring) else self._type(line) for line in lines
        ]

    def _bring(self, line):
        self.machines.bring(*line)
        return {"bring": line.source, "to": line.target}

    def _type(self, line):
        text, until = self._filled(line.text), self._filled(line.until)
        deadline = time.monotonic() + LONG
        while True:
            status, output = self.machines.type(line.where, text)
            if re.search(until, output, re.MULTILINE) and self._has_grown(line, output):
                break
            if time.monotonic() > deadline:
                raise RunError(f"{line.where}: {text}: no {until!r}, but {output[-500:]!r}")
            time.sleep(0.5)
        if line.status != status and not line.until:
            raise RunError(f"{line.where}: {text}: status {status}: {output[-500:]}")
        self._remember(line.where, output)
        return {"where": line.where, "text": text, "output": output}

    def _has_grown(self, line, output):
        found = re.match(r"\d+", output)
        if line.grows and (not found or int(found[0]) <= self.last):
            return False
        self.last = int(found[0]) if line.grows else self.last
        return True

    def _filled(self, text):
        return PLACE.sub(lambda place: self.numbers[place[1]], text)

    def _remember(self, where, output):
        if found := NUMBER.search(output):
            self.numbers[f"old {where}"] = self.numbers.get(where, found[1])
            self.numbers[where] = found[1]


def walk(lesson, logs):
    """Walk through all steps with the repository's copy `lesson`; return {step: what is kept}."""
    kept = {}
    with PrivateFlower(logs) as flower, Machines(flower, lesson) as machines:
        steps = Walk(machines)
        for name, lines in STEPS.items():
            print(f"Walking: {name}", flush=True)
            if name.endswith("_machine"):
                machines.boot(name.removesuffix("_machine"))
            kept[name] = steps.take(lines)
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
