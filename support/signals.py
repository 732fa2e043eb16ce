"""Which signal has stopped a server.

Flower ends with status 0 whether it was Ctrl-C or SIGTERM, and leaves nobody a trace of which.
"""

from support.argument_types import LONGEST_WAIT
from support.environment import is_hosted

import importlib
import signal
import threading
from contextlib import contextmanager


@contextmanager
def end_as_signalled():
    """Turn the end that Flower's signal handlers make of the block into what run_command expects.

    Raises KeyboardInterrupt on Ctrl-C, SystemExit(143) on SIGTERM.
    """
    if is_hosted():
        _let_the_host_live()
    with _noted_signals() as arrived:
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
def _noted_signals():
    """Note the first Ctrl-C or SIGTERM in a list, and let the handlers in place do their work."""
    arrived = []
    if threading.current_thread() is not threading.main_thread():
        yield arrived  # where signals are somebody else's business
        return
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def note(number, frame):
        if not arrived:
            arrived.append(number)
        handlers[number](number, frame)

    for number, handler in handlers.items():
        if callable(handler):
            signal.signal(number, note)
    try:
        yield arrived
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
