"""Forks a process per request and goes on; see Stage in faults_stage.py.

Requests are JSON lines on stdin. Answers are JSON lines on stdout: {"started": number}, and, whenever one of
the processes has ended, {"ended": number, "status": status}. At the end of stdin all of them are killed.
"""

import json
import os
import runpy
import select
import signal
import sys
from pathlib import Path

import support.preload  # noqa: F401  before everything else

# isort: split
import client  # noqa: F401
import server  # noqa: F401


def answer(**content):
    """Write one line."""
    os.write(1, (json.dumps(content) + "\n").encode())


def announce_the_dead(running):
    """Say which processes have ended; take them off the set `running`."""
    for number in list(running):
        ended, status = os.waitpid(number, os.WNOHANG)
        if ended:
            running.remove(number)
            answer(ended=number, status=os.waitstatus_to_exitcode(status))


def requests(running):
    """Yield the requests as they come, and announce the dead between them."""
    woken, waker = os.pipe()
    os.set_blocking(waker, False)
    signal.signal(signal.SIGCHLD, lambda number, frame: None)
    signal.set_wakeup_fd(waker)
    unread = b""
    while True:
        ready, _, _ = select.select([0, woken], [], [])
        if woken in ready:
            os.read(woken, 1000)
            announce_the_dead(running)
        if 0 in ready:
            news = os.read(0, 65536)
            if not news:
                return
            *lines, unread = (unread + news).split(b"\n")
            yield from map(json.loads, lines)


def serve():
    """Fork for every request; return the request in the new process."""
    running = set()
    for request in requests(running):
        number = os.fork()
        if number == 0:
            return request
        running.add(number)
        answer(started=number)
    for number in running:
        os.kill(number, signal.SIGKILL)
    sys.exit()


def become(request):
    """Take on the directory, the streams and the words of the request."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()
    os.closerange(3, 64)
    os.chdir(request["cwd"])
    for descriptor, path in ((0, os.devnull), (1, request["stdout"]), (2, request["stderr"])):
        opened = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND)
        os.dup2(opened, descriptor)
        os.close(opened)
    sys.argv = request["words"]
    sys.path[0] = str(Path(sys.argv[0]).parent)


if __name__ == "__main__":
    become(serve())
    runpy.run_path(sys.argv[0], run_name="__main__")
