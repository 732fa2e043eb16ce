"""A Flower of our own: SuperLink and whatever else, with a home of their own, all gone when we are.

    with PrivateFlower(logs) as flower:
        address = flower.superlink("--insecure", "--simulation")
        flower.cli("run", app, SUPERLINK, "--stream")

The reader's own Flower home is never opened, nothing is asked of flower.ai, and no process stays behind, also
after Ctrl-C, SIGTERM, or SIGKILL: `watchdog.py` outlives us for as long as that takes.
"""

import os
import re
import shutil
import ssl
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx
import psutil
import tomli_w

from beyond.simulation.environment import (
    no_cloud_environment,
    private_environment,
    shells_environment,
)
from beyond.simulation.watchdog import GRACE, end_processes
from support.command_line import RunError
from support.files import replaced_file
from support.listening import check_port_is_free, free_port

SUPERLINK = "ours"  # the name of our SuperLink in the home's config.toml
CERTIFICATE = "CERTIFICATE_VERIFY_FAILED"
READY_WITHIN = 60.0  # seconds in which a SuperLink has to answer
SHORT = "/tmp"  # Ray's sockets have names that must be short
# What Flower draws around its complaints: round corners, Windows' square ones, and + where neither can be.
FRAME, PLAIN_FRAME = "╭╮╰╯┌┐└┘│─| ", "+-"


class PrivateFlower:
    """Starts Flower's commands and ends them; use it in a with statement. `logs` is a directory.

    `home` is the Flower home, made for it and removed in the end; `environment` is what all commands get.
    """

    def __init__(self, logs):
        self.logs = Path(logs)
        self.processes = []

    def __enter__(self):
        self.logs.mkdir(parents=True, exist_ok=True)
        self.home = Path(tempfile.mkdtemp(prefix="flower-", dir=_short_directory()))
        self.environment = private_environment(self.home)
        words = [sys.executable, "-m", "beyond.simulation.watchdog", str(self.home)]
        root = Path(__file__).resolve().parent.parent.parent
        self.watchdog = subprocess.Popen(
            words,
            cwd=root,
            env=shells_environment(),
            stdin=subprocess.PIPE,
            start_new_session=True,
        )
        return self

    def __exit__(self, *exception):
        self.end_all()
        shutil.rmtree(self.home, ignore_errors=True)
        self.watchdog.stdin.close()
        self.watchdog.wait()

    def start(self, *words, log, **environment):
        """Start a command, such as flower-supernode, and return its psutil.Popen.

        What it says goes to the file `log` in `logs`. `environment` is added to what all commands get.
        """
        with open(self.logs / log, "ab") as file:
            return self._start(words, file, environment)

    def stop(self, process):
        """End a command that `start` has started, with all that it has started itself."""
        end_processes([process])
        process.wait()
        self.processes.remove(process)

    def end_all(self, grace=GRACE):
        """End all that was started; it has `grace` seconds for a good end."""
        end_processes(self.processes[::-1], self.home, grace)
        for process in self.processes:
            process.wait()
        self.processes.clear()

    def simulation(self):
        """Start a SuperLink that simulates nodes with Ray; see `superlink`."""
        quiet = no_cloud_environment(self.home)
        return self.superlink("--insecure", "--simulation", **quiet)

    def superlink(self, *options, port=None, root=None, log="superlink.log", **environment):
        """Start flower-superlink on loopback; return its address once it answers.

        `root` is the file of the CA that has signed its certificate, None without TLS; `environment` is as
        for `start`. From then on `cli` knows it as SUPERLINK. Raises UserError if the port is in use,
        RunError if it does not start.
        """
        if port:
            check_port_is_free(f"127.0.0.1:{port}")
        port = port or free_port()
        where = ("--host", "127.0.0.1", "--port", port)
        process = self.start("flower-superlink", *options, *where, log=log, **environment)
        address = f"127.0.0.1:{port}"
        self.wait_until_healthy(process, address, root, log)
        self.connect(address, root)
        return address

    def connect(self, address, root=None, name=SUPERLINK):
        """Let `cli` know the SuperLink at `address` by `name`."""
        trust = {"root-certificates": str(root)} if root else {"insecure": True}
        content = {"superlink": {"default": name, name: {"address": address, **trust}}}
        with replaced_file(self.home / "config.toml") as file:
            file.write(tomli_w.dumps(content).encode())

    def cli(self, *words, log="flwr.log", take=lambda line: False):
        """Run `flwr WORDS` to its end and return what it said; that goes to the file `log`, too.

        `take` is called with every line as soon as it comes; if it returns true, that was enough, and the
        command is left to itself. Raises RunError if the command fails.
        """
        process = self._start(["flwr", *words], subprocess.PIPE, {})
        lines = []
        with open(self.logs / log, "a", encoding="utf-8") as file:
            for line in map(_without_colours, process.stdout):
                lines.append(line)
                file.write(line)
                if take(line):
                    return "".join(lines)
        self.processes.remove(process)
        said = "".join(lines)
        if process.wait() != 0:
            raise RunError(f"flwr {words[0]}: {last_line(said)}; {self.logs / log} says more")
        return said

    def _start(self, words, output, environment):
        environment = {**self.environment, **environment}
        first, *rest = map(str, words)
        process = psutil.Popen(
            # Windows would look on our own PATH, where Flower's commands may not be.
            [shutil.which(first, path=environment["PATH"]) or first, *rest],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C reaches us, and we end it
        )
        self.processes.append(process)
        self.watchdog.stdin.write(b"%d\n" % process.pid)
        self.watchdog.stdin.flush()
        return process

    def wait_until_healthy(self, process, address, root, log):
        """Return when the SuperLink `process` answers at `address`; raise RunError if it does not."""
        trust = ssl.create_default_context(cafile=root) if root else False
        url = f"{'https' if root else 'http'}://{address}/health"
        deadline, file = time.monotonic() + READY_WITHIN, self.logs / log
        with httpx.Client(verify=trust, trust_env=False) as client:
            while process.poll() is None and time.monotonic() < deadline:
                try:
                    if client.get(url).is_success:
                        return
                except httpx.TransportError as error:
                    if CERTIFICATE in str(error):  # nodes would not accept it, either
                        raise RunError(
                            f"SuperLink's certificate is not accepted: {error}"
                        ) from None
                time.sleep(0.1)
        said = last_line(file.read_text(encoding="utf-8"))
        raise RunError(f"SuperLink did not start: {said}; {file} says more")


def _without_colours(line):
    """Return a line of bytes as text without a terminal's colours, which Flower puts into pipes as well."""
    return re.sub(r"\x1b\[\d*m", "", line.decode(errors="replace"))


def _short_directory():
    directory = tempfile.gettempdir()
    return SHORT if len(directory) > len("/tmp/fl-xxxxxxxx") and os.access(SHORT, os.W_OK) else None


def last_line(text):
    """Return the last line of a log that says something."""
    lines = (line.strip(FRAME).strip() for line in text.splitlines())
    said = (line for line in reversed(list(lines)) if line.strip(PLAIN_FRAME))
    return next(said, "it said nothing")
