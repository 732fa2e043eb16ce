"""Watch what a deployment has started: a service that ends is named, and not only missed."""

import re
import threading
from contextlib import contextmanager, suppress

import psutil

from beyond.simulation.watchdog import end_processes
from support.command_line import RunError
from support.processes import ending

PAUSE = 0.5  # seconds between two looks: nothing tells which of many processes ends first
NAMES = {
    "flower-superlink": "SuperLink",
    "nginx": "nginx",
    "beyond.deployment.superexec": "the SuperExec",
    "flower-superexec": "the SuperExec of SuperLink",
    "flower-supernode": "SuperNode",
}


@contextmanager
def watched_services(flower):
    """Watch what `flower`, a PrivateFlower, has started so far, while the block runs the rounds.

    A SuperNode that ends is named, and the run goes on without it. Without any one of the others no round
    would be finished: then what the block has started is ended. Raises RunError with that service's name.
    """
    services = [Service(process) for process in flower.processes]
    services += [Service(child) for one in services for child in one.superexecs()]
    faults, is_over = [], threading.Event()
    thread = threading.Thread(target=_watch, args=(flower, services, faults, is_over))
    thread.start()
    try:
        yield
    except RunError as error:
        is_over.set()
        thread.join()  # after a last look
        raise RunError(faults[0] if faults else str(error)) from None
    finally:
        is_over.set()
        thread.join()


def _watch(flower, services, faults, is_over):
    """Look at `services` until `is_over`, or one that the run needs has ended: it goes into `faults` then."""
    ours = {service.process.pid for service in services}
    was_last = False
    while not (was_last or faults):
        was_last = is_over.wait(PAUSE)
        for service in [service for service in services if service.has_ended()]:
            services.remove(service)
            if service.is_needed:
                faults.append(f"{service}; {flower.logs}/ may say why")
            else:
                print(f"{service}; the run goes on without it", flush=True)
    end_processes([one for one in flower.processes if faults and one.pid not in ours])


class Service:
    """A process that has to run as long as the run does."""

    def __init__(self, process):
        self.process = process
        words = " ".join(getattr(process, "args", None) or process.cmdline())
        program = next(program for program in NAMES if program in words)
        number = re.search(r"partition-id=(\d+)", words)
        self.name = f"{NAMES[program]} {number[1]}" if number else NAMES[program]
        self.is_needed = number is None

    def superexecs(self):
        """Return the SuperExec that SuperLink has started for the ServerApp, in a list."""
        children = self.process.children() if self.is_needed else []
        return [child for child in children if "flower-superexec" in " ".join(child.cmdline())]

    def has_ended(self):
        """Return whether the process has ended."""
        if isinstance(self.process, psutil.Popen):
            return self.process.poll() is not None
        with suppress(psutil.NoSuchProcess):
            return self.process.status() == psutil.STATUS_ZOMBIE
        return True

    def __str__(self):
        status = getattr(self.process, "returncode", None)
        return f"{self.name} {'has ended' if status is None else ending(status)}"
