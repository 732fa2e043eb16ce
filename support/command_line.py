"""What all our commands share: options, checked at once, and one clear line for a person's mistake.

Exit status 2 is a mistake that a person can mend, 1 a run that cannot go on, 130 Ctrl-C, 143 SIGTERM.
"""

import argparse
import difflib
import signal
import sys
import threading
from pathlib import Path

from support.failures import describe, is_the_models
from support.files import in_words
from support.signals import is_hosted, signals_that_unwind
from support.terminal import drop_output, prepare_output
from support.typed_words import parse_words

MISTYPED = 0.85  # how similar a typed option and the one that was meant are, at the least
ROOT = Path(__file__).resolve().parent.parent


class UserError(Exception):
    """A person's mistake. The message says what is wrong and what to do, in one line."""


class RunError(Exception):
    """A run that cannot go on, for another reason than a person's mistake."""


class NothingToDo(Exception):
    """All that was asked for is there already. The message says so; the exit status is 0."""


class Options(argparse.ArgumentParser):
    """Options of one command or several: a parent for parse_options.

    `check(args)`, if given, raises UserError when the parsed options do not go together; it may fill some in.
    """

    def __init__(self, check=None):
        super().__init__(add_help=False)
        self.check = check or (lambda args: None)


def parse_options(arguments, parents, **defaults):
    """Return the TypedOptions in `arguments`, a list of words; None stands for what was typed.

    `parents` have the options, `defaults` are this command's own. Exits with status 2 if a word is wrong;
    raises UserError if the options do not go together.
    """
    words = sys.argv[1:] if arguments is None else list(map(str, arguments))
    parser = _OneLineParser(words, parents)
    parser.set_defaults(**defaults)
    args = parse_words(parser, words)
    _check(args, parents)
    return args


def _check(args, parents):
    for parent in parents:
        parent.check(args)


class _HelpWithDefaults(
    argparse.RawDescriptionHelpFormatter, argparse.ArgumentDefaultsHelpFormatter
):
    """argparse's two formatters in one: descriptions as written, defaults shown where there are any."""

    def _get_help_string(self, action):
        return action.help if action.default is None else super()._get_help_string(action)


class _OneLineParser(argparse.ArgumentParser):
    """A parser that complains in one line, in the name of the command."""

    def __init__(self, words, parents):
        prog, description = _command or (None, None)
        super().__init__(
            prog=prog, description=description, parents=parents, formatter_class=_HelpWithDefaults
        )
        self.words = words

    def error(self, message):
        """Print one line on stderr and exit with status 2."""
        advice = f"see {command_words(self.prog)} --help"
        for option in (word.partition("=")[0] for word in self.words):
            if option.startswith("--") and option not in self._option_string_actions:
                meant = difflib.get_close_matches(option, self._option_string_actions, 1, MISTYPED)
                advice = f"did you mean {meant[0]}?" if meant else advice
        self.exit(2, f"{self.prog}: {' '.join(message.split())}; {advice}\n")


_command = None  # the name and the docstring of the command that runs


def name_command(prog, description):
    """Set the name of the command that runs here, as it is typed, and its module's docstring."""
    global _command
    _command = (prog, description)


def command_name():
    """Return the name of the command that runs, or None if none does."""
    return _command[0] if _command else None


def command_words(prog):
    """Return what to type for a command: `prog` is server.py, or a module such as beyond.x.server."""
    return f"python {prog}" if prog.endswith(".py") else f"python -m {prog}"


def _name_of(main):
    """Return what people type for a command: server.py, or beyond.x.server."""
    spec = main.__globals__.get("__spec__")  # a notebook's script may have none
    if spec is None or not spec.parent:
        return Path(main.__code__.co_filename).name
    return spec.name.removesuffix(".__main__")


def run_command(main, *arguments, **options):
    """Call `main` with all other arguments; turn what goes wrong into one line and an exit status.

    The command has the name and the docstring of main's module.
    """
    name_command(_name_of(main), main.__globals__["__doc__"])
    prepare_output()
    try:
        with signals_that_unwind():
            return call(main, *arguments, **options)
    except UserError as error:
        _end(2, error)
    except RunError as error:
        _end(1, error)
    except KeyboardInterrupt:
        _end(130, "stopped")
    except BrokenPipeError:  # what reads our output has ended; we end as SIGPIPE would end us
        drop_output(sys.stdout)
        sys.exit(128 + getattr(signal, "SIGPIPE", 13))  # Windows has no such signal
    except OSError as error:  # a full disk takes no more output, say
        drop_output(sys.stdout)
        where = f" ({error.filename})" if error.filename else ""
        _end(1, f"cannot go on: {in_words(error)}{where}")


def call(function, *arguments, **options):
    """Return what `function` does; raise whatever goes wrong in it as an error of one line."""
    try:
        return function(*arguments, **options)
    except NothingToDo as news:
        return print(news)
    except (UserError, RunError, OSError):
        raise
    except Exception as error:  # a reader's own network may raise anything
        raise (UserError if is_the_models(error) else RunError)(describe(error)) from None


def _end(status, message):
    """Print one line on stderr, if that leads anywhere, and exit."""
    try:
        print(f"{command_name()}: {message}", file=sys.stderr, flush=True)
    except (OSError, ValueError):
        drop_output(sys.stderr)
    if not is_hosted():  # errors in the threads of Flower's gRPC server are harmless from here on
        threading.excepthook = lambda failure: None
    sys.exit(status)
