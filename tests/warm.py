"""Forks a process per request. The requests are JSON lines on stdin; see WarmPython in harness.py."""

import atexit
import json
import os
import runpy
import sys
import traceback
from pathlib import Path

import support.environment  # noqa: F401  before flwr

# isort: split
import flwr.client  # noqa: F401
import flwr.server  # noqa: F401
import matplotlib.pyplot  # noqa: F401
import torchvision.datasets  # noqa: F401


def serve():
    """Answer each request with the number and, later, the status of a new process; return in that process."""
    for line in sys.stdin:
        number = os.fork()
        if number == 0:
            os.setsid()
            return json.loads(line)
        print(number, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(number, 0)[1]), flush=True)
    sys.exit()


def become(request):
    """Take on the directory, streams, environment and arguments of the request."""
    os.chdir(request["cwd"])
    os.environ.update(request["environment"])
    for descriptor, path in ((0, os.devnull), (1, request["stdout"]), (2, request["stderr"])):
        opened = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC)
        os.dup2(opened, descriptor)
        os.close(opened)
    sys.argv = request["words"]
    sys.path[0] = str(Path(sys.argv[0]).parent)


def run_to_the_end():
    """Run the command as `python COMMAND.py` would, without the second that Python takes to clear up."""
    status = 0
    try:
        runpy.run_path(sys.argv[0], run_name="__main__")
    except SystemExit as leaving:
        status = leaving.code
    except BaseException:
        traceback.print_exc()
        status = 1
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status or 0)


become(serve())
run_to_the_end()
