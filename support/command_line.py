"""What all our commands share: options, checked at once, and one clear line for a person's mistake.

Exit status 2 is a mistake that a person can mend, 1 a run that cannot go on, 130 Ctrl-C, 143 SIGTERM.
"""

from support.environment import is_hosted
from support.failures import describe, is_the_models
from support.files import in_words
from support.streams import complain, drop_output, leave_the_pipe, prepare_output
from support.typed_words import parse_words, words_of

import argparse
import difflib
import re
import signal
import sys
import threading
from contextlib import contextmanager
from pathlib import Path

MISTYPED = 0.85  # how much alike a typed option and the one that was meant are, at the least
ROOT = Path(__file__).resolve().parent.parent


class UserError(Exception):
    """A person's mistake. The message says what is wrong and what to do, in one line."""


class RunError(Exception):
    """A run that cannot go on, through nobody's mistake in typing."""


class NothingToDo(Exception):
    """All that was asked for is there already. The message says so; the exit status is 0."""


class Options(argparse.ArgumentParser):
    """Options that several commands share: a parent for OneLineParser.

    `check(args)`, if given, raises UserError when the parsed options do not go together.
    """

    def __init__(self, check=None):
        super().__init__(add_help=False)
        self.check = check or (lambda args: None)


def option_names(parents):
    """Return the names of the options in `parents`, as they stand in a parsed namespace."""
    return [action.dest for parent in parents for action in parent._actions]


def as_words(args, parents):
    """Return what was typed of the options in `parents`: ["--rounds=10", "--resume", ...].

    `args` comes from OneLineParser.
    """
    return words_of(args, option_names(parents))


class OneLineParser(argparse.ArgumentParser):
    """An argument parser that shows defaults in --help and complains in one line.

    A chapter's command that calls a main of the lesson goes by its own name and docstring.
    """

    def __init__(self, prog, description, parents=()):
        """`description` is a module's docstring; --help keeps its line breaks."""
        prog, description = _command or (prog, description)
        super().__init__(
            prog=prog, description=description, parents=parents, formatter_class=HelpWithDefaults
        )
        self.parents = parents
        self.typed = []

    def parse_args(self, arguments=None):
        """Return the TypedOptions in `arguments`; raise UserError if they do not go together."""
        self.typed = sys.argv[1:] if arguments is None else list(map(str, arguments))
        args = parse_words(self, self.typed)
        for parent in self.parents:
            if isinstance(parent, Options):
                parent.check(args)
        return args

    def error(self, message):
        """Print one line on stderr and exit with status 2."""
        advice = f"see {command_words(self.prog)} --help"
        for word in self.typed:
            option = word.partition("=")[0]
            if option.startswith("--") and option not in self._option_string_actions:
                advice = self._where_else(option) or advice
        self.exit(2, f"{self.prog}: {' '.join(message.split())}; {advice}\n")

    def _where_else(self, option):
        """Return advice on an option that this command does not have: what was meant, or whose it is."""
        if close := difflib.get_close_matches(option, self._option_string_actions, 1, MISTYPED):
            return f"did you mean {close[0]}?"
        if command := chapter_command(option, self.prog):
            return f"{command} has {option}"
        return None


def chapter_command(option, prog):
    """Return the command of a chapter that has `option`, such as --strategy, or None.

    Found by looking, so that the lesson need not know which chapters there are.
    """
    files = ROOT.glob("beyond/*/*.py")
    for file in sorted(files, key=lambda file: (file.name != "options.py", file)):
        if re.search(rf'add(_argument)?\(\s*"{option}"', file.read_text()):
            if file.name == "options.py":  # the server's and the federation's alike
                file = file.with_name("server.py" if prog == "server.py" else "federation.py")
            return f"python -m {'.'.join(file.relative_to(ROOT).with_suffix('').parts)}"
    return None


class HelpWithDefaults(
    argparse.RawDescriptionHelpFormatter, argparse.ArgumentDefaultsHelpFormatter
):
    """argparse's two formatters in one: descriptions as written, defaults shown where there are any."""

    def _get_help_string(self, action):
        return action.help if action.default is None else super()._get_help_string(action)


_command = None  # the name and the docstring of the command that runs
_ended = False  # whether run_command has done its work, and signals need no clean end any more


def command_words(prog):
    """Return what to type for a command: `prog` is server.py, or a module such as beyond.x.server."""
    return f"python {prog}" if prog.endswith(".py") else f"python -m {prog}"


def command_name(default):
    """Return the name of the command that runs, or `default` if none does."""
    return _command[0] if _command else default


def name_command(prog, description):
    """Say which command runs here: what people typed, or would type, and its module's docstring."""
    global _command
    _command = (prog, description)


def run_command(main, prog, arguments=None):
    """Call `main(arguments)` and turn what goes wrong into one line and an exit status."""
    name_command(prog, sys.modules[main.__module__].__doc__)
    prepare_output()
    try:
        with _signals_that_unwind():
            return _call(main, arguments)
    except UserError as error:
        status, message = 2, str(error)
    except RunError as error:
        status, message = 1, str(error)
    except KeyboardInterrupt:
        status, message = 130, "stopped"
    except BrokenPipeError:
        leave_the_pipe()
    except OSError as error:  # what we print goes to a full disk, say
        drop_output()
        status, message = 1, _unexpected(error)
    complain(f"{prog}: {message}")
    _exit(status)


def _exit(status):
    """Exit. Flower's gRPC server goes on meanwhile; what it runs into on the way is nobody's concern."""
    if not is_hosted():
        threading.excepthook = lambda failure: None
    sys.exit(status)


def _unexpected(error):
    """Return the line on an error of the system's that we have not expected."""
    where = f" ({error.filename})" if error.filename else ""
    return f"cannot go on: {in_words(error)}{where}"


def _call(main, arguments):
    try:
        return main(arguments)
    except NothingToDo as news:
        return print(news)
    except (UserError, RunError, OSError):
        raise
    except Exception as error:  # a reader's own network may raise anything
        raise (UserError if is_the_models(error) else RunError)(describe(error)) from None


@contextmanager
def _signals_that_unwind():
    """Let Ctrl-C and SIGTERM unwind the block, so that with and finally do their work."""
    global _ended
    _ended = False
    if threading.current_thread() is not threading.main_thread():
        yield  # a host's business: only its main thread is ever interrupted
        return
    earlier = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    signal.signal(signal.SIGTERM, _exit_cleanly)
    # SIG_DFL: as support.environment leaves it. What ignores Ctrl-C (nohup) goes on doing so.
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
