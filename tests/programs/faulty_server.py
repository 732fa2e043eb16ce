"""server.py, made to pause or to die at an exact moment.

    python faulty_server.py MOMENT ARGUMENTS_OF_SERVER...

pause@ROUND      prints "Pausing before round ROUND" and goes on when the file go_server is there
die@ROUND.STEP   kills itself (-9) before the STEP-th write step (see write_steps) of ROUND's record
torn@ROUND.STEP  the same, and the last bytes that were written never reach the file
signalN@ROUND.STEP  sends signal N to itself there, once, and goes on
againN           sends signal N to itself while gRPC is being stopped
full@ROUND.STEP  finds the disk full there
half@ROUND.STEP  the same, with all but the last bytes written
limitN@ROUND     lets no file grow beyond N bytes from the recording of ROUND on
count            prints the number of write steps of every round
"""

import errno
import os
import re
import resource
import signal
import sys
import threading
from functools import partial
from pathlib import Path
from unittest.mock import Mock

from grpc import _server as grpc_server

import server
from support.command_line import run_command
from support.roll_call import RollCall
from support.run_record import RunRecord

LOST = 7  # bytes of a torn file


def before(owner, name, act):
    """Let `act`, given the same arguments, come before every call of a method."""
    method = getattr(owner, name)

    def act_and_call(*arguments, **options):
        act(*arguments, **options)
        return method(*arguments, **options)

    setattr(owner, name, act_and_call)


def pause(moment):
    """Wait for the file go_server before the round `moment` gathers its clients."""

    def wait_there(roll_call, server_round, first_round):
        if server_round == int(moment):
            print(f"Pausing before round {server_round}")
            while not Path("go_server").exists():
                threading.Event().wait(0.01)

    before(RollCall, "gather", wait_there)


def write_steps(before_step, after_round):
    """Call `before_step(round, step, descriptor)` before each fsync and rename while a round is recorded.

    `descriptor` is None for a rename. After each round comes `after_round(round, number of steps)`.
    """
    state = {}

    def count_step(first, *new_name):
        if state:
            state["step"] += 1
            before_step(state["round"], state["step"], None if new_name else first)

    def add_counted_round(self, row, weights, add_round=RunRecord.add_round):
        state.update(round=row.round, step=0)
        add_round(self, row, weights)
        after_round(row.round, state["step"])
        state.clear()

    before(os, "fsync", count_step)
    before(os, "replace", count_step)
    RunRecord.add_round = add_counted_round


def at_step(moment, act, torn=False):
    """Call `act()` before the step that `moment` names; the step after a round's last is its end."""

    def act_here(server_round, step, descriptor=None):
        if moment == f"{server_round}.{step}":
            if torn:
                os.ftruncate(descriptor, os.fstat(descriptor).st_size - LOST)
            act()

    write_steps(act_here, lambda server_round, steps: act_here(server_round, steps + 1))


def send(number):
    """Send a signal to this process."""
    os.kill(os.getpid(), number)


def find_no_space():
    """Fail as a full disk would."""
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def again(_, number):
    """Send a signal to this process when gRPC's own server object is half shut down."""

    def interrupt(state):
        server = state.server

        def shutdown(*arguments):
            server.shutdown(*arguments)
            send(number)

        state.server = Mock(wraps=server, shutdown=shutdown)

    before(grpc_server, "_begin_shutdown_once", interrupt)


def limit(moment, size):
    """Limit the size of files when a round is recorded."""

    def limit_here(record, row, weights):
        if row.round == int(moment):
            resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    before(RunRecord, "add_round", limit_here)


def count(_):
    """Print how many steps each round has."""
    write_steps(
        lambda *step: None, lambda number, steps: print(f"Round {number}: {steps} write steps")
    )


MOMENTS = {
    "pause": pause,
    "die": partial(at_step, act=partial(send, signal.SIGKILL)),
    "torn": partial(at_step, act=partial(send, signal.SIGKILL), torn=True),
    "signal": lambda moment, number: at_step(moment, partial(send, number)),
    "again": again,
    "full": partial(at_step, act=find_no_space),
    "half": partial(at_step, act=find_no_space, torn=True),
    "limit": limit,
    "count": count,
}


def prepare(words):
    """Arrange for what the first word of a command line says."""
    kind, number, moment = re.fullmatch(r"([a-z]+)(\d*)@?(.*)", words).groups()
    MOMENTS[kind](moment, *([int(number)] if number else []))


if __name__ == "__main__":
    prepare(sys.argv.pop(1))
    run_command(server.main)
