"""server.py, made to pause or to die at an exact moment.

    python faulty_server.py MOMENT ARGUMENTS_OF_SERVER...

pause@ROUND      prints "Pausing before round ROUND" and goes on when the file go_server is there
die@ROUND.STEP   kills itself (-9) before the STEP-th write step (see write_steps) of ROUND's record
torn@ROUND.STEP  the same, and the last bytes that were written never reach the file
signalN@ROUND.STEP  sends signal N to itself there, once, and goes on
againN           sends signal N to itself while gRPC is being stopped
full@ROUND.STEP  finds the disk full there
half@ROUND.STEP  the same, with all but the last bytes written
limitN@ROUND     lets no file grow beyond N bytes from the recording of ROUND (or from the "begin") on
count            prints the number of write steps of every round
"""

from support.command_line import run_command
from support.roll_call import RollCall
from support.run_record import RunRecord

import errno
import os
import re
import resource
import signal
import sys
import threading
from pathlib import Path

from grpc import _server as grpc_server

import server

LOST = 7  # bytes of a torn file


def pause(moment):
    """Wait for the file go_server before the round `moment` gathers its clients."""
    gather = RollCall.gather

    def gather_later(self, server_round, first_round):
        if server_round == int(moment):
            print(f"Pausing before round {server_round}")
            while not Path("go_server").exists():
                threading.Event().wait(0.01)
        gather(self, server_round, first_round)

    RollCall.gather = gather_later


def write_steps(before_step, after_round=lambda server_round, steps: None):
    """Call `before_step(round, step, descriptor)` before each fsync and rename while a round is recorded.

    `descriptor` is None for a rename. After each round comes `after_round(round, number of steps)`.
    """
    add_round, fsync, replace = RunRecord.add_round, os.fsync, os.replace
    state = {}

    def counted(call, descriptor_of):
        def step(*arguments):
            if state:
                state["step"] += 1
                before_step(state["round"], state["step"], descriptor_of(*arguments))
            return call(*arguments)

        return step

    def add_counted_round(self, row, weights):
        state.update(round=row.round, step=0)
        add_round(self, row, weights)
        after_round(row.round, state["step"])
        state.clear()

    os.fsync = counted(fsync, lambda descriptor: descriptor)
    os.replace = counted(replace, lambda *names: None)
    RunRecord.add_round = add_counted_round


def cut_off(descriptor):
    """Take the last bytes from a file."""
    os.ftruncate(descriptor, os.fstat(descriptor).st_size - LOST)


def die(moment, torn=False):
    """Kill this process before a step; the step after a round's last is its end."""
    doomed_round, doomed_step = map(int, moment.split("."))

    def die_here(server_round, step, descriptor=None):
        if (server_round, step) == (doomed_round, doomed_step):
            if torn:
                cut_off(descriptor)
            os.kill(os.getpid(), signal.SIGKILL)

    write_steps(die_here, lambda server_round, steps: die_here(server_round, steps + 1))


def interrupt(moment, number):
    """Send a signal to this process before a step."""

    def interrupt_here(server_round, step, descriptor):
        if moment == f"{server_round}.{step}":
            os.kill(os.getpid(), number)

    write_steps(interrupt_here)


class Interrupted:
    """gRPC's own server object; its shutdown is half done when a signal comes."""

    def __init__(self, server, number):
        self.server = server
        self.number = number

    def __getattr__(self, name):
        return getattr(self.server, name)

    def shutdown(self, *arguments):
        """Pass on, and send the signal."""
        self.server.shutdown(*arguments)
        os.kill(os.getpid(), self.number)


def again(_, number):
    """Send a signal to this process in the middle of gRPC's end."""
    begin_shutdown = grpc_server._begin_shutdown_once

    def begin_interrupted(state):
        if not isinstance(state.server, Interrupted):
            state.server = Interrupted(state.server, number)
        begin_shutdown(state)

    grpc_server._begin_shutdown_once = begin_interrupted


def full(moment, torn=False):
    """Fail a step as a full disk would."""

    def fail_here(server_round, step, descriptor):
        if moment == f"{server_round}.{step}":
            if torn:
                cut_off(descriptor)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    write_steps(fail_here)


def limit(moment, size):
    """Limit the size of files when RunRecord.begin or its add_round of a round is called."""
    method = "begin" if moment == "begin" else "add_round"
    original = getattr(RunRecord, method)

    def limited(self, *words):
        if moment == "begin" or words[0].round == int(moment):
            resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
        original(self, *words)

    setattr(RunRecord, method, limited)


def count(_):
    """Print how many steps each round has."""
    write_steps(
        lambda *step: None, lambda number, steps: print(f"Round {number}: {steps} write steps")
    )


MOMENTS = {
    "pause": pause,
    "die": die,
    "torn": lambda moment: die(moment, torn=True),
    "signal": interrupt,
    "again": again,
    "full": full,
    "half": lambda moment: full(moment, torn=True),
    "limit": limit,
    "count": count,
}


def prepare(words):
    """Arrange for what the first word of a command line says."""
    kind, number, moment = re.fullmatch(r"([a-z]+)(\d*)@?(.*)", words).groups()
    MOMENTS[kind](moment, *([int(number)] if number else []))


if __name__ == "__main__":
    prepare(sys.argv.pop(1))
    run_command(server.main, "server.py")
