"""Machines to walk OPERATE.md on: each has systemd, files, users and a network of its own, on one Linux host.

They are made of namespaces and control groups, and are gone with the process that has made them. It takes
root's rights, systemd, nginx and sqlite3. The host's own files are read and never written.
"""

import os
import re
import shutil
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import psutil

from beyond.access.network import Network
from support.command_line import ROOT, RunError, UserError

ADDRESSES = {
    "server": "10.89.0.1",
    "node0": "10.89.0.10",
    "node1": "10.89.0.11",
    "node2": "10.89.0.12",
}
BOOT = ROOT / "pages/operate/machine.sh"
SYSTEMD = "/usr/lib/systemd/systemd"
NEEDED = ("systemctl", "nginx", "sqlite3", "ssh-keygen", "make", "ip", "unshare", "nsenter")
LESSON = "/opt/flower/lesson"  # the repository, and where commands are typed
LONG = 300.0  # seconds that a command, or what it is to bring about, may take
# The control groups that systemd and its limits need, on hosts that have a tree of them for each kind.
KINDS = ("devices", "memory", "pids", "systemd")
COLOURS = re.compile(r"\x1b\[[\d;]*m")


def can_boot():
    """Return whether machines can be made here, or Flower's services could not start on them."""
    places = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])
    tools = all(shutil.which(tool, path=places) for tool in NEEDED) and Path(SYSTEMD).exists()
    return tools and os.geteuid() == 0 and bool(control_groups())


def control_groups():
    """Return {kind: directory} of the control groups that this process is in, of the kinds of interest."""
    mounts = [
        line.split()[1:4]
        for line in Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines()
    ]
    found = {}
    for line in Path("/proc/self/cgroup").read_text(encoding="utf-8").splitlines():
        _, kind, own = line.split(":", 2)
        kind = kind.removeprefix("name=")
        for where, system, options in mounts:
            if system == "cgroup" and kind in KINDS and kind in re.split("[,=]", options):
                found[kind] = Path(where + own)
            elif system == "cgroup2" and not kind and where == "/sys/fs/cgroup":
                return {"unified": Path(where + own)}
    return found


class Machines:
    """Machines called by their names in ADDRESSES, on one network; use it in a with statement.

    `flower` is a PrivateFlower, which ends their processes; `lesson` is a copy of the repository.
    """

    def __init__(self, flower, lesson):
        self.flower, self.lesson = flower, lesson
        self.mark = f"flower-{os.getpid()}"
        self.pids = {}  # name -> process 1 of the machine, as this host calls it

    def __enter__(self):
        self.network = Network(self.flower, ADDRESSES)
        return self

    def __exit__(self, *exception):
        self.flower.end_all(grace=0)  # to systemd, SIGTERM means something else
        for parent in control_groups().values():
            for group in parent.glob(f"{self.mark}-*"):
                _remove_group(group)

    def boot(self, name):
        """Boot a machine; return when it takes commands. Raises UserError if it cannot be made here."""
        folder = self.flower.home / name
        folder.mkdir()
        groups = [f"{kind}={path}/{self.mark}-{name}" for kind, path in control_groups().items()]
        for group in groups:
            Path(group.partition("=")[2]).mkdir()
        about = {"FOLDER": folder, "LESSON": self.lesson, "NAME": name, "GROUPS_": " ".join(groups)}
        about |= {"VENV": Path(sys.prefix).resolve(), "PYTHON": sys.base_prefix}
        words = {key: str(value) for key, value in about.items()}
        log = f"boot_{name}.log"
        outer = self.network.start(name, BOOT, log=log, **words)
        deadline = time.monotonic() + LONG
        while not self._is_up(name, outer):
            if outer.poll() is not None or time.monotonic() > deadline:
                raise UserError(f"no machine can be booted here; {self.flower.logs / log} says why")
            time.sleep(0.1)

    def type(self, name, line):
        """Type a line as root on a machine, in LESSON; return (exit status, what is on the screen)."""
        clean = ("env", "-i", "HOME=/root", "USER=root", "TERM=dumb", "COLUMNS=140")
        command = [*self._inside(name), *clean, "bash", "-lc", f"cd {LESSON} && {line}"]
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, timeout=LONG, encoding="utf-8")  # fmt: skip
        return done.returncode, COLOURS.sub("", done.stdout)

    def bring(self, source, target):
        """Carry a file from machine to machine; both are named as NAME:PATH."""
        (here, path), (there, goal) = (place.split(":") for place in (source, target))
        read = [*self._inside(here), "cat", path]
        content = subprocess.run(read, capture_output=True, check=True)
        write = [*self._inside(there), "tee", goal]
        subprocess.run(write, input=content.stdout, stdout=subprocess.DEVNULL, check=True)

    def _inside(self, name):
        return ["nsenter", "--target", str(self.pids[name]), "--all"]

    def _is_up(self, name, outer):
        found = [pid for pid, program in _programs_of(outer) if program == SYSTEMD]
        if not found:
            return False
        self.pids[name] = found[0]
        asked = subprocess.run(
            [*self._inside(name), "systemctl", "is-active", "basic.target"], capture_output=True
        )
        return asked.stdout.strip() == b"active"


def _programs_of(process):
    """Yield (number, program) of the processes that `process` has started."""
    with suppress(psutil.Error):
        for child in process.children(recursive=True):
            with suppress(psutil.Error):
                yield child.pid, child.exe()


def _remove_group(group):
    """Remove a control group and those in it; its processes are on their way out."""
    deadline = time.monotonic() + 10
    for path in sorted((Path(folder) for folder, _, _ in os.walk(group)), reverse=True):
        while path.exists():
            try:
                path.rmdir()
            except OSError:
                if time.monotonic() > deadline:
                    raise RunError(f"{path} cannot be removed") from None
                time.sleep(0.05)
