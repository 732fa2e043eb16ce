"""What all our commands share: argument types, and one clear line for a person's mistake.

Exit status 2 is a mistake that a person can mend, 1 a run that cannot go on, 130 Ctrl-C, 143 SIGTERM.
"""

import argparse
import math
import signal
import sys


class UserError(Exception):
    """A person's mistake. The message says what is wrong and what to do, in one line."""


class RunError(Exception):
    """A run that cannot go on, through nobody's mistake in typing."""


class OneLineParser(argparse.ArgumentParser):
    """An argument parser that shows defaults in --help and complains in one line."""

    def __init__(self, prog, description, parents=()):
        """`description` is a module's docstring; --help keeps its line breaks."""
        super().__init__(
            prog=prog, description=description, parents=parents, formatter_class=HelpWithDefaults
        )

    def error(self, message):
        """Print one line on stderr and exit with status 2."""
        self.exit(2, f"{self.prog}: {message}; see python {self.prog} --help\n")


class HelpWithDefaults(
    argparse.RawDescriptionHelpFormatter, argparse.ArgumentDefaultsHelpFormatter
):
    """argparse's two formatters in one: descriptions as written, defaults shown where there are any."""

    def _get_help_string(self, action):
        return action.help if action.default is None else super()._get_help_string(action)


_ended = False  # whether run_command has done its work, and signals need no clean end any more


def run_command(main, prog, arguments=None):
    """Call `main(arguments)` and turn what goes wrong into one line and an exit status."""
    global _ended
    _ended = False
    signal.signal(signal.SIGTERM, _exit_cleanly)
    # SIG_DFL: as support.environment leaves it. What ignores Ctrl-C (nohup) goes on doing so.
    if signal.getsignal(signal.SIGINT) in (signal.SIG_DFL, signal.default_int_handler):
        signal.signal(signal.SIGINT, _interrupt)
    try:
        main(arguments)
    except UserError as error:
        status, message = 2, str(error)
    except RunError as error:
        status, message = 1, str(error)
    except KeyboardInterrupt:
        status, message = 130, "stopped"
    else:
        return
    finally:
        _ended = True  # what is left to do may be cut short
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)
    print(f"{prog}: {message}", file=sys.stderr, flush=True)
    sys.exit(status)


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


LARGEST_INT = 2**31 - 1  # fits wherever such a number travels
LONGEST_WAIT = 1e6  # seconds: eleven days


def positive_int(text):
    """argparse type: a whole number from 1 up."""
    return _whole_number(text, minimum=1)


def natural_int(text):
    """argparse type: a whole number from 0 up."""
    return _whole_number(text, minimum=0)


def positive_float(text):
    """argparse type: a finite number above 0."""
    return _number(text, "a number above 0", lambda number: 0 < number < math.inf)


def positive_seconds(text):
    """argparse type: a number of seconds above 0, and not beyond reason."""
    wanted = f"a number of seconds from 0 to {LONGEST_WAIT:.0f}"
    return _number(text, wanted, lambda number: 0 < number <= LONGEST_WAIT)


def fraction(text):
    """argparse type: a number above 0, and 1 at most."""
    return _number(text, "above 0 and at most 1", lambda number: 0 < number <= 1)


def decay(text):
    """argparse type: a number from 0 to below 1, such as a momentum."""
    return _number(text, "from 0 to below 1", lambda number: 0 <= number < 1)


def percentage(text):
    """argparse type: a number from 0 to below 100."""
    return _number(text, "a percentage from 0 to below 100", lambda number: 0 <= number < 100)


def _number(text, wanted, is_right):
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not is_right(number):
        raise argparse.ArgumentTypeError(f"{text!r} is not {wanted}")
    return number


def address(text):
    """argparse type: HOST:PORT, such as 127.0.0.1:8080 or [::1]:8080."""
    host, _, port = text.rpartition(":")
    if not host or "://" in text or not port.isascii() or not port.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is not HOST:PORT, such as 127.0.0.1:8080")
    if not 1 <= int(port) <= 65535:
        raise argparse.ArgumentTypeError(f"port {port} is not between 1 and 65535")
    return text


def _whole_number(text, minimum):
    try:
        number = int(text)
    except ValueError:
        number = minimum - 1
    if not minimum <= number <= LARGEST_INT:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a whole number from {minimum} to {LARGEST_INT}"
        )
    return number
