"""Our commands as processes of their own: started quickly, and gone when we are.

Importing PyTorch and Flower takes seconds and 400 MB. A forkserver does it once and forks every process
from there. Where there is none (Windows), or where system libraries do not bear it (macOS), processes are
spawned: each imports for itself.
"""

import importlib
import multiprocessing
import multiprocessing.util
import os
import signal
import sys
import tempfile
import threading
import time
from concurrent import futures
from concurrent.futures.process import BrokenProcessPool, ProcessPoolExecutor
from itertools import islice

from support.command_line import ROOT, RunError, call, command_name, name_command, run_command
from support.machine import available_cores
from support.signals import ctrl_c_blocked, signals_deferred, take_ctrl_c
from support.terminal import prepare_output, print_into

LONGEST_TMPDIR = 60  # characters
FORKSERVER_DIED = 255  # what multiprocessing gives as the status of those whose forkserver has gone
FORKSERVER_LOST = "the process that starts all others was ended from outside (is the memory full?)"
TERMINATED = 128 + signal.SIGTERM  # the status of our commands when that signal has ended them
GRACE = 3.0  # seconds that processes have to end after they were asked to


def start_methods():
    """Return the ways in which processes can be started here, the one to prefer first."""
    has_forkserver = "forkserver" in multiprocessing.get_all_start_methods()
    both = ["spawn", "forkserver"] if sys.platform == "darwin" else ["forkserver", "spawn"]
    return both if has_forkserver else ["spawn"]


def process_context(method=None):
    """Return the multiprocessing context to start commands in: `method`, or the first of start_methods."""
    if (method or start_methods()[0]) == "spawn":
        return multiprocessing.get_context("spawn")
    from multiprocessing import forkserver  # Windows lacks it

    # The forkserver looks for modules on PYTHONPATH only, wherever we were started from.
    paths = filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))
    os.environ["PYTHONPATH"] = os.pathsep.join(dict.fromkeys([str(ROOT), *paths]))
    _choose_short_directory()
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["support.preload"])
    with ctrl_c_blocked():  # the forkserver would die of it, with a traceback on our terminal
        forkserver.ensure_running()
    return context


def _choose_short_directory():
    """Let multiprocessing put its sockets where there is room for their names: a TMPDIR may be long."""
    if len(tempfile.gettempdir()) > LONGEST_TMPDIR and os.access("/tmp", os.W_OK):
        earlier, tempfile.tempdir = tempfile.tempdir, "/tmp"
        multiprocessing.util.get_temp_dir()  # is made now, and remembered
        tempfile.tempdir = earlier


def start_command(context, module, arguments, log=None, **doors):
    """Start `python -m MODULE ARGUMENTS`; return its multiprocessing.Process.

    Its output goes to the file `log`, or to our terminal; `doors` are what else its main is to be given. It
    ends when we do, however we end.
    """
    given = (module, arguments, log, doors)
    process = context.Process(target=_run_command_here, args=given, name=module)
    try:
        with signals_deferred(), ctrl_c_blocked():
            process.start()
    except (EOFError, ConnectionError):
        raise RunError(FORKSERVER_LOST) from None
    return process


def was_killed(process):
    """Return whether something from outside has ended `process`, which could not say why."""
    return process.exitcode < 0 or process.exitcode == TERMINATED


def check_not_lost(process):
    """Raise RunError if the process that started `process` has ended first: no status is known then."""
    if process.exitcode == FORKSERVER_DIED:
        raise RunError(FORKSERVER_LOST)


def ending(status):
    """Return in words how a process has ended; a status of -N says that signal N has ended it."""
    if status >= 0 and status != TERMINATED:
        return f"ended with status {status}"
    number = signal.SIGTERM if status == TERMINATED else signal.Signals(-status)
    cause = " (is the memory full?)" if number.name == "SIGKILL" else ""  # Windows has none
    return f"was ended by {number.name}{cause}"


def finish_command(context, module, arguments, log=None):
    """Start a command, and return when it has ended well; exit with its status if it has not."""
    process = start_command(context, module, arguments, log)
    try:
        process.join()
    finally:
        stop_all([process])
    exit_with(process)


def exit_with(process):
    """Exit with the status of `process` if that is not 0; raise RunError if it could not say why."""
    check_not_lost(process)
    if was_killed(process):
        raise RunError(f"the process {process.name} {ending(process.exitcode)}")
    if process.exitcode != 0:
        sys.exit(process.exitcode)


def in_parallel(function, jobs):
    """Yield `function(job)` for each of `jobs` as they come; a process on every core works them off in order.

    If one fails, or if we are stopped, none goes on. Raises what `function` has raised, and RunError if a
    process was killed.
    """
    jobs, cores = iter(jobs), available_cores()
    executor = ProcessPoolExecutor(cores, process_context(), _prepare_to_work, (command_name(),))

    def start(count):
        with ctrl_c_blocked():
            return {executor.submit(call, function, job) for job in islice(jobs, count)}

    try:
        running = start(cores)
        while running:  # the next job starts only after another one has ended well
            ended, running = futures.wait(running, return_when=futures.FIRST_COMPLETED)
            for one in ended:
                yield one.result()
            running |= start(len(ended))
    except BrokenProcessPool:
        raise RunError("a process was killed (is the memory full?); start again") from None
    finally:
        executor.shutdown(wait=False, cancel_futures=True)
        stop_all(multiprocessing.active_children())


def _prepare_to_work(command):
    _belong_to_parent()
    name_command(command, description=None)
    prepare_output()


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


def _belong_to_parent():
    """End when our parent does, however it ends; take no signal that is meant for it."""
    if hasattr(os, "setpgrp"):
        os.setpgrp()  # Ctrl-C reaches our parent only, which then asks us to end
        signal.signal(signal.SIGTTOU, signal.SIG_IGN)  # and we may print, even after stty tostop
    take_ctrl_c()
    threading.Thread(target=_leave_with_parent, daemon=True).start()


def last_words(log):
    """Return the last line of the file `log`, a command's complaint, without the command's name."""
    lines = log.read_text(encoding="utf-8", errors="replace").split("\n")
    last = next((line for line in reversed(lines) if line.strip()), "")
    return last.partition(": ")[2] or last


def _run_command_here(module, arguments, log, doors):
    _belong_to_parent()
    if log is not None:
        print_into(log)
    try:
        run_command(importlib.import_module(module).main, arguments, **doors)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()


def _leave_with_parent():
    multiprocessing.parent_process().join()
    os._exit(1)
