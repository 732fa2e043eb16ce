"""Hosts that can only talk over a network: Linux's network namespaces, and a switch between them.

Namespaces have no names: they are gone with the processes in them, whatever ends those. They need root.
"""

import subprocess
import time
from pathlib import Path

import psutil

from support.command_line import RunError, UserError

LONG = 120.0  # seconds that anything may take, besides the rounds


class Network:
    """Hosts and the switch that connects them; a host is a process that holds its namespace.

    `addresses` are those of the hosts, by name.
    """

    def __init__(self, flower, addresses):
        self.flower, self.addresses = flower, addresses
        self.holders = {name: self._hold() for name in ("switch", *addresses)}
        self._do("switch", "ip", "link", "add", "lan", "type", "bridge")
        self._do("switch", "ip", "link", "set", "lan", "up")
        for port, name in enumerate(addresses):
            self._connect(f"port{port}", name)

    def start(self, host, *words, log, **environment):
        """Start a command on `host`; return its Popen."""
        return self.flower.start(*self._inside(host), *words, log=log, **environment)

    def said(self, host, *words, log, patience=LONG):
        """Run a command on `host` to its end; return (status, what it said)."""
        try:
            status = self.start(host, *words, log=log).wait(patience)
        except psutil.TimeoutExpired:
            raise RunError(
                f"no end of it on {host}; {self.flower.logs / log} may say why"
            ) from None
        return status, (self.flower.logs / log).read_text(encoding="utf-8")

    def _hold(self):
        holder = self.flower.start("unshare", "--net", "sleep", "infinity", log="hosts.log")
        own = Path("/proc/self/ns/net").readlink()
        while Path(f"/proc/{holder.pid}/ns/net").readlink() == own:
            if holder.poll() is not None:
                raise UserError("network namespaces cannot be made here; it takes root's rights")
            time.sleep(0.01)
        return holder.pid

    def _connect(self, port, name):
        cable = ("type", "veth", "peer", "name", "eth0", "netns", self.holders[name])
        self._do("switch", "ip", "link", "add", port, *cable)
        self._do("switch", "ip", "link", "set", port, "master", "lan", "up")
        self._do(name, "ip", "address", "add", f"{self.addresses[name]}/24", "dev", "eth0")
        for device in ("lo", "eth0"):
            self._do(name, "ip", "link", "set", device, "up")

    def _do(self, host, *words):
        command = [str(word) for word in (*self._inside(host), *words)]
        done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8")
        if done.returncode != 0:
            raise UserError(
                f"{' '.join(command)}: {done.stderr.strip()}; this machine has no such networks"
            )

    def _inside(self, host):
        return ("nsenter", "--target", self.holders[host], "--net")
