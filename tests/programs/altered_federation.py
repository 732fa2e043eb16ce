"""federation.py with a change.

python altered_federation.py patient|serverless|forkless ARGUMENTS_OF_FEDERATION...
"""

import multiprocessing.forkserver
import os
import signal
import sys

import federation
from support import processes
from support.command_line import run_command

PATIENT = 30.0


def be_patient():
    """Wait longer than a reader would before it kills what does not end, as on a busy machine."""
    processes.GRACE = PATIENT


def kill_the_server():
    """Let the server be killed as soon as it has started."""
    start_command = federation.start_command

    def start_and_kill(context, module, *words):
        process = start_command(context, module, *words)
        if module == "server":
            os.kill(process.pid, signal.SIGKILL)
        return process

    federation.start_command = start_and_kill


def kill_the_forkserver():
    """Let there be a forkserver that was killed."""
    process_context, server = federation.process_context, multiprocessing.forkserver

    def context_without_forkserver(method):
        context = process_context(method)
        server.ensure_running()
        os.kill(server._forkserver._forkserver_pid, signal.SIGKILL)
        server._forkserver.ensure_running = lambda: None
        return context

    federation.process_context = context_without_forkserver


CHANGES = {"patient": be_patient, "serverless": kill_the_server, "forkless": kill_the_forkserver}

if __name__ == "__main__":
    CHANGES[sys.argv.pop(1)]()
    run_command(federation.main)
