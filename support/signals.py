"""Ctrl-C and SIGTERM: which of them has stopped a server, and when both have to wait.

Flower ends with status 0 whichever it was, and leaves no trace of which.
"""

import importlib
import signal
import sys
import threading
from contextlib import contextmanager

from support.argument_types import LONGEST_WAIT
from support.environment import is_hosted


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
def end_as_signalled(signals):
    """Turn the end that Flower's signal handlers make of the block into what run_command expects.

    `signals` is the SignalGate that one_signal_at_a_time yields around it. Raises KeyboardInterrupt on
    Ctrl-C, SystemExit(143) on SIGTERM.
    """
    if is_hosted():
        _let_the_host_live()
    with _each_handler(signals.guarded):
        try:
            yield
        except SystemExit:  # from Flower's handlers
            if signals.first == signal.SIGTERM:
                raise SystemExit(128 + signal.SIGTERM) from None
            raise KeyboardInterrupt from None


def _let_the_host_live():
    """Keep Flower from ending the whole process, a notebook's say, five seconds after its own good end."""
    importlib.import_module("flwr.supercore.exit.exit").FORCE_EXIT_TIMEOUT_SECONDS = LONGEST_WAIT


@contextmanager
def one_signal_at_a_time():
    """Let no Ctrl-C or SIGTERM of the block interrupt the handling of another; yield the SignalGate.

    Flower puts the handlers that it found back before it stops gRPC. One that raised in the middle of that
    would leave a server half stopped, whose threads wait for ever. A later one passes, because an exception
    that a signal raises may be lost in a callback, and has to be raised again.
    """
    signals = SignalGate()
    with _each_handler(signals.guarded):
        yield signals


class SignalGate:
    """Lets one signal through at a time, and knows which came first."""

    def __init__(self):
        self.first = None
        self.is_handled = False

    def guarded(self, handler):
        """Return `handler` as one that does nothing while another one is at work."""

        def guarded_handler(number, frame):
            if self.is_handled:
                return
            self.first = self.first or number
            self.is_handled = True
            try:
                handler(number, frame)
            # Flower's handler logs; if this came in the middle of a line, that fails.
            except Exception:
                raise SystemExit(128 + number) from None
            finally:
                self.is_handled = False

        return guarded_handler if callable(handler) else handler


@contextmanager
def _each_handler(wrapped):
    """Let `wrapped(handler)` handle both signals during the block; only the main thread is interrupted."""
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
            signal.signal(number, handler)


_ended = False  # whether a command has done its work, and signals need no clean end any more


@contextmanager
def signals_that_unwind():
    """Let Ctrl-C and SIGTERM unwind the block, so that with and finally do their work."""
    global _ended
    _ended = False
    if threading.current_thread() is not threading.main_thread():
        yield  # a host's business: only its main thread is ever interrupted
        return
    earlier = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    signal.signal(signal.SIGTERM, _exit_cleanly)
    # What ignores Ctrl-C (nohup) goes on doing so.
    if earlier[signal.SIGINT] in (signal.SIG_DFL, signal.default_int_handler):
        signal.signal(signal.SIGINT, _interrupt)
    try:
        yield
    finally:
        _ended = True  # what is left to do may be cut short
        for number, handler in earlier.items():  # which a host wants back
            signal.signal(number, handler if is_hosted() else signal.SIG_DFL)


def _exit_cleanly(number, frame):
    """Unwind as for an exception, so that with and finally do their work."""
    if _ended:
        _end_at_once(number)
    sys.exit(128 + number)


def _interrupt(number, frame):
    """Do as Python does on Ctrl-C."""
    if _ended:
        _end_at_once(number)
    raise KeyboardInterrupt


def _end_at_once(number):
    """Let the signal do what it does to a program without handlers.

    Flower puts earlier handlers back when its own is called: so late that run_command cannot prevent it.
    """
    signal.signal(number, signal.SIG_DFL)
    signal.raise_signal(number)
