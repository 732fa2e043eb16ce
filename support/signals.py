"""Ctrl-C and SIGTERM: which of them has stopped a server, and when both have to wait.

Flower ends with status 0 whichever it was, and leaves no trace of which.
"""

import builtins
import importlib
import signal
import sys
import threading
from contextlib import contextmanager

from support.argument_types import LONGEST_WAIT

_has_ended = False  # whether a command has done its work, and signals need no clean end any more
_is_busy = False  # whether a signal is being handled, and others have to wait


def is_hosted():
    """Return whether Python goes on when our command has ended: in a notebook, or after python -i."""
    return hasattr(builtins, "__IPYTHON__") or hasattr(sys, "ps1") or bool(sys.flags.interactive)


@contextmanager
def signals_that_unwind():
    """Let Ctrl-C and SIGTERM unwind the block, so that with and finally do their work."""
    global _has_ended
    _has_ended = False
    # A host wants its handlers back; otherwise what is left to do may be cut short.
    with _each_handler(_unwinding, afterwards=None if is_hosted() else signal.SIG_DFL):
        try:
            yield
        finally:
            _has_ended = True


def _unwinding(handler):
    """Return what unwinds the block instead of `handler`, unless that ignores the signal (nohup)."""
    return handler if handler is signal.SIG_IGN else _unwind


def _unwind(number, frame):
    """Raise KeyboardInterrupt on Ctrl-C, SystemExit on SIGTERM.

    After the command's end, do what the signal does to a program without handlers: Flower puts earlier
    handlers back when its own is called, so late that signals_that_unwind cannot prevent it.
    """
    if _is_busy:
        return
    if _has_ended:
        signal.signal(number, signal.SIG_DFL)
        signal.raise_signal(number)
    raise KeyboardInterrupt if number == signal.SIGINT else SystemExit(128 + number)


@contextmanager
def signals_deferred():
    """Let Ctrl-C and SIGTERM wait until the block has ended."""
    arrived = []
    try:
        with _each_handler(lambda handler: lambda number, frame: arrived.append(number)):
            yield
    finally:
        for number in arrived:
            signal.raise_signal(number)


@contextmanager
def ctrl_c_blocked():
    """Let Ctrl-C wait for the block's end, and in a process that begins there until it calls take_ctrl_c.

    Such a process imports for seconds, and would print a traceback on our terminal. Windows blocks no signal.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    from multiprocessing import resource_tracker  # Windows lacks it

    resource_tracker.ensure_running()  # it would let Ctrl-C in again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def take_ctrl_c():
    """Let Ctrl-C in, but for one that has come before."""
    if not hasattr(signal, "pthread_sigmask"):
        return
    handler = signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    signal.signal(signal.SIGINT, handler)


@contextmanager
def end_as_signalled():
    """Turn the end that Flower's signal handlers make of the block into what run_command expects.

    Raises KeyboardInterrupt on Ctrl-C, SystemExit(143) on SIGTERM, whichever came first.
    """
    arrived = []
    # Flower would end the whole process, a notebook's say, five seconds after this block.
    if is_hosted():
        flower = importlib.import_module("flwr.supercore.exit.exit")
        flower.FORCE_EXIT_TIMEOUT_SECONDS = LONGEST_WAIT
    with _each_handler(lambda handler: _one_at_a_time(handler, arrived)):
        try:
            yield
        except SystemExit:  # from Flower's handlers
            if arrived[:1] == [signal.SIGTERM]:
                raise SystemExit(128 + signal.SIGTERM) from None
            raise KeyboardInterrupt from None


def _one_at_a_time(handler, arrived):
    """Return `handler` as one during which no other signal is handled; it notes its own in `arrived`.

    Flower puts _unwind back before it stops gRPC. If that raised in the middle, it would leave a server half
    stopped, whose threads wait for ever. A later signal passes, because an exception that a signal raises may
    be lost in a callback, and has to be raised again.
    """

    def handle(number, frame):
        global _is_busy
        if _is_busy:
            return
        _is_busy = True
        arrived.append(number)
        try:
            handler(number, frame)
        except Exception:  # Flower's handler logs, which fails in the middle of another line
            raise SystemExit(128 + number) from None
        finally:
            _is_busy = False

    return handle if callable(handler) else handler


@contextmanager
def _each_handler(wrapped, afterwards=None):
    """Let `wrapped(handler)` handle both signals during the block, then `afterwards`, or what did before.

    Outside the main thread, which alone is interrupted, nothing changes.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    for number, handler in handlers.items():
        signal.signal(number, wrapped(handler))
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler if afterwards is None else afterwards)
