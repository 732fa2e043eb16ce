"""Forks a process per request and goes on; see Stage in tests/support/stage.py.

Requests are JSON lines on stdin. Answers are JSON lines on stdout: {"started": number}, and, whenever one of
the processes has ended, {"ended": number, "status": status}. Its number stays its own until a request says
{"forget": number}: the system would soon give it to another process, which would then be taken for this one.
At the end of stdin all of them are killed.
"""

import atexit
import gc
import importlib
import json
import multiprocessing.forkserver
import multiprocessing.resource_tracker
import multiprocessing.util
import os
import runpy
import select
import signal
import sys
import threading
import traceback
from contextlib import suppress
from functools import cache
from pathlib import Path

COLD = dict(os.environ)  # before imports add to it
WARM = ("support.preload", "client", "server", "matplotlib.pyplot", "torchvision.datasets")


def answer(**content):
    """Write one line."""
    os.write(1, (json.dumps(content) + "\n").encode())


def requests(running):
    """Yield the requests as they come, and say between them which processes have ended.

    `running` are their numbers, {file descriptor that becomes readable at its end: number}.
    """
    unread = b""
    while True:
        ready, _, _ = select.select([0, *running], [], [])
        for descriptor in ready:
            if descriptor != 0:
                announce_the_end(running.pop(descriptor))
                os.close(descriptor)
        if 0 in ready:
            news = os.read(0, 65536)
            if not news:
                return
            *lines, unread = (unread + news).split(b"\n")
            yield from map(json.loads, lines)


def announce_the_end(number):
    """Say how a process has ended."""
    ending = os.waitid(os.P_PID, number, os.WEXITED | os.WNOWAIT)  # it stays a zombie
    exited = ending.si_code == os.CLD_EXITED
    answer(ended=number, status=ending.si_status if exited else -ending.si_status)


@cache
def warm_up():
    """Import what commands need."""
    for module in WARM:
        importlib.import_module(module)
    gc.freeze()  # what a garbage collector does not visit stays shared


def serve():
    """Fork for every request; return the request in the new process."""
    running = {}
    for request in requests(running):
        if "forget" in request:
            os.waitpid(request["forget"], 0)
            continue
        if not request["cold"]:
            warm_up()
        number = os.fork()
        if number == 0:
            return request
        running[os.pidfd_open(number)] = number
    for number in running.values():
        kill_session(number)
    sys.exit()


def become(request):
    """Take on the directory, the streams and the environment of the request."""
    os.setsid()
    answer(started=os.getpid())
    os.closerange(3, 256)
    os.chdir(request["cwd"])
    os.environ.update(request["environment"])
    for descriptor, path in enumerate([os.devnull, *request["streams"]]):
        opened = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND)
        os.dup2(opened, descriptor)
        os.close(opened)


def start_warm(words):
    """Do as `python WORDS` does: run a script, or, after -m, a module."""
    multiprocessing.util.spawnv_passfds = fork_what_forks
    if words[0] == "-m":
        sys.argv, sys.path[0] = words[1:], os.getcwd()
        if Path("support").is_dir() and Path.cwd() != ROOT:
            forget_our_modules()
        runpy.run_module(words[1], run_name="__main__", alter_sys=True)
    else:
        sys.argv, sys.path[0] = words, str(Path(words[0]).parent)
        if not Path(words[0]).is_relative_to(ROOT):
            forget_our_modules()
        runpy.run_path(words[0], run_name="__main__")


def fork_what_forks(path, words, descriptors, spawn=multiprocessing.util.spawnv_passfds):
    """Start multiprocessing's forkserver as a fork of this process, which has imported everything.

    As `spawnv_passfds`, which starts a new Python for it and anything else.
    """
    if "forkserver" not in words[-1]:
        return spawn(path, words, descriptors)
    sys.stdout.flush()
    number = os.fork()
    if number:
        return number
    try:
        begin_anew(descriptors)
        exec(words[-1], {})
    finally:
        os._exit(0)


def begin_anew(descriptors):
    """Be as a new Python is: with its default signals, these descriptors, and no part in multiprocessing."""
    for signal_number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signal_number, signal.SIG_DFL)
    for descriptor in map(int, os.listdir("/proc/self/fd")):
        if descriptor not in (0, 1, 2, *descriptors):
            with suppress(OSError):  # that of the listing
                os.close(descriptor)
    multiprocessing.forkserver._forkserver.__init__()
    multiprocessing.resource_tracker._resource_tracker.__init__()


def forget_our_modules():
    """Let a copy of the repository import modules of its own."""
    ours = {path.stem for path in ROOT.iterdir()}
    for name in list(sys.modules):
        if name.partition(".")[0] in ours:
            del sys.modules[name]


def run_to_the_end(words):
    """Run a command as Python does, but for the half second that it takes to clear up its memory."""
    status = 0
    try:
        start_warm(words)
    except SystemExit as leaving:
        status = leaving.code
    except BaseException:
        traceback.print_exc()
        status = 1
    threading._shutdown()  # waits for threads, as Python does at its end
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status or 0)


if __name__ == "__main__":
    from tests.support.harness import ROOT, kill_session

    request = serve()
    become(request)
    if request["cold"]:  # a new Python takes the place of this process
        words = [sys.executable, *request["words"]]
        os.execve(sys.executable, words, COLD | request["environment"])
    run_to_the_end(request["words"])
