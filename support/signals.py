"""Which signal has stopped a server.

Flower ends with status 0 whether it was Ctrl-C or SIGTERM, and leaves nobody a trace of which.
"""

from support.argument_types import LONGEST_WAIT
from support.environment import is_hosted

import importlib
import signal
import threading
from contextlib import contextmanager
from functools import partial


@contextmanager
def end_as_signalled(arrived):
    """Turn the end that Flower's signal handlers make of the block into what run_command expects.

    `arrived` is the list that first_signal_only yields around it. Raises KeyboardInterrupt on Ctrl-C,
    SystemExit(143) on SIGTERM.
    """
    if is_hosted():
        _let_the_host_live()
    with _each_handler(partial(_first_only, arrived)):
        try:
            yield
        except SystemExit:  # from Flower's handlers
            if arrived == [signal.SIGTERM]:
                raise SystemExit(128 + signal.SIGTERM) from None
            raise KeyboardInterrupt from None


def _let_the_host_live():
    """Keep Flower from ending the whole process, a notebook's say, five seconds after its own good end."""
    importlib.import_module("flwr.supercore.exit.exit").FORCE_EXIT_TIMEOUT_SECONDS = LONGEST_WAIT


@contextmanager
def first_signal_only():
    """Let the first Ctrl-C or SIGTERM of the block do its work, and none after it; yield the list of it.

    Flower puts the handlers that it found back before it stops gRPC. One that raised in the middle of that
    would leave a server that is half stopped, and whose threads wait for ever.
    """
    arrived = []
    with _each_handler(partial(_first_only, arrived)):
        yield arrived


def _first_only(arrived, handler):
    """Return a handler that notes the first signal in `arrived` and passes it on."""

    def first_only(number, frame):
        if not arrived:
            arrived.append(number)
            handler(number, frame)

    return first_only


@contextmanager
def _each_handler(wrapped):
    """Put `wrapped(handler)` in the place of both signals' handlers, and these back in the end."""
    if threading.current_thread() is not threading.main_thread():
        yield  # where signals are somebody else's business
        return
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    for number, handler in handlers.items():
        if callable(handler):
            signal.signal(number, wrapped(handler))
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
