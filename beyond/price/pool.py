"""Measurements side by side, one on a core, with a bar for all of them."""

from support.command_line import RunError
from support.machine import available_cores
from support.processes import process_context
from support.terminal import progress_bar

import multiprocessing
import signal
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool


def in_parallel(measure, jobs):
    """Yield the result of `measure(job)` for each of `jobs`, as they come. The first jobs begin first.

    Raises RunError if a process that measures is killed.
    """
    executor = ProcessPoolExecutor(available_cores(), process_context(), _ignore_ctrl_c)
    try:
        with progress_bar() as bar:
            task = bar.add_task(f"0 of {len(jobs)}", total=len(jobs))
            for done in as_completed([executor.submit(measure, job) for job in jobs]):
                yield done.result()
                bar.advance(task)
                bar.update(task, description=f"{bar.tasks[task].completed:.0f} of {len(jobs)}")
    except BrokenProcessPool:
        raise RunError("a process that measures was killed; go on with the same command") from None
    finally:
        executor.shutdown(wait=False, cancel_futures=True)
        for process in multiprocessing.active_children():
            process.terminate()


def _ignore_ctrl_c():
    """Leave it to the command itself, which ends us."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
