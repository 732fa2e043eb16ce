"""Ends well if no signal is blocked in its process, and Ctrl-C interrupts it."""

import signal


def main(arguments):
    """Look, and press Ctrl-C."""
    assert not signal.pthread_sigmask(signal.SIG_BLOCK, ())
    try:
        signal.raise_signal(signal.SIGINT)
    except KeyboardInterrupt:
        return
    raise AssertionError("Ctrl-C does nothing")
