"""Our commands as processes of their own: started quickly, and gone when we are.

Importing PyTorch and Flower takes seconds and 400 MB. A forkserver does it once and forks every process
from there; where there is none (Windows) each process imports for itself.
"""

import importlib
import multiprocessing
import os
import sys
import threading
import time
from pathlib import Path

from support.command_line import run_command

ROOT = Path(__file__).resolve().parent.parent
GRACE = 3.0  # seconds that processes have to end after they were asked to


def process_context():
    """Return the multiprocessing context to start commands in."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    # The forkserver looks for modules on PYTHONPATH only, wherever we were started from.
    paths = filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))
    os.environ["PYTHONPATH"] = os.pathsep.join(dict.fromkeys([str(ROOT), *paths]))
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["support.preload"])
    return context


def start_command(context, module, arguments, log=None):
    """Start `python MODULE.py ARGUMENTS`; return its multiprocessing.Process.

    Its output goes to the file `log`, or to our terminal. It ends when we do, however we end.
    """
    process = context.Process(target=_run_command_here, args=(module, arguments, log), name=module)
    process.start()
    return process


def stop_all(processes):
    """Ask the processes to end, insist if they do not, and return when none is left.

    We ask twice: an exception that a signal raises is lost if it strikes in a callback or a destructor.
    """
    for end in ("terminate", "terminate", "kill"):
        for process in processes:
            if process.is_alive():
                getattr(process, end)()
        deadline = time.monotonic() + GRACE
        for process in processes:
            process.join(max(0.0, deadline - time.monotonic()))


def _run_command_here(module, arguments, log):
    if hasattr(os, "setpgrp"):
        os.setpgrp()  # Ctrl-C reaches our parent only, which then asks us to end
    threading.Thread(target=_leave_with_parent, daemon=True).start()
    if log is not None:
        descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
        os.dup2(descriptor, 1)
        os.dup2(descriptor, 2)
        os.close(descriptor)
    try:
        run_command(importlib.import_module(module).main, f"{module}.py", arguments)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()


def _leave_with_parent():
    multiprocessing.parent_process().join()
    os._exit(1)
