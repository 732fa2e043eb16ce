"""What all our commands share: options, checked at once, and one clear line for a person's mistake.

Exit status 2 is a mistake that a person can mend, 1 a run that cannot go on, 130 Ctrl-C, 143 SIGTERM.
"""

import argparse
import difflib
import sys
import threading
from pathlib import Path

from support.environment import is_hosted
from support.failures import describe, is_the_models
from support.files import in_words
from support.signals import signals_that_unwind
from support.streams import complain, drop_output, leave_the_pipe, prepare_output
from support.typed_words import parse_words

MISTYPED = 0.85  # how much alike a typed option and the one that was meant are, at the least
ROOT = Path(__file__).resolve().parent.parent


class UserError(Exception):
    """A person's mistake. The message says what is wrong and what to do, in one line."""


class RunError(Exception):
    """A run that cannot go on, through nobody's mistake in typing."""


class NothingToDo(Exception):
    """All that was asked for is there already. The message says so; the exit status is 0."""


class Options(argparse.ArgumentParser):
    """Options of a command, perhaps of several: a parent for parse_options.

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
        if isinstance(parent, Options):
            parent.check(args)


class _OneLineParser(argparse.ArgumentParser):
    """A parser that shows defaults in --help and complains in one line, in the name of the command."""

    def __init__(self, words, parents):
        prog, description = _command or (None, None)
        super().__init__(
            prog=prog, description=description, parents=parents, formatter_class=HelpWithDefaults
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


class HelpWithDefaults(
    argparse.RawDescriptionHelpFormatter, argparse.ArgumentDefaultsHelpFormatter
):
    """argparse's two formatters in one: descriptions as written, defaults shown where there are any."""

    def _get_help_string(self, action):
        return action.help if action.default is None else super()._get_help_string(action)


_command = None  # the name and the docstring of the command that runs


def command_words(prog):
    """Return what to type for a command: `prog` is server.py, or a module such as beyond.x.server."""
    return f"python {prog}" if prog.endswith(".py") else f"python -m {prog}"


def command_name():
    """Return the name of the command that runs, or None if none does."""
    return _command[0] if _command else None


def name_command(prog, description):
    """Say which command runs here: what people typed, or would type, and its module's docstring."""
    global _command
    _command = (prog, description)


def _name_of(main):
    """Return what people type for a command: server.py, or beyond.x.server."""
    spec = main.__globals__.get("__spec__")  # a notebook's script may have none
    if spec is None or not spec.parent:
        return Path(main.__code__.co_filename).name
    return spec.name.removesuffix(".__main__")


def run_command(main, *arguments, **options):
    """Call `main` with what else is given, and turn what goes wrong into one line and an exit status.

    The command has the name and the docstring of main's module.
    """
    name_command(_name_of(main), main.__globals__["__doc__"])
    prepare_output()
    try:
        with signals_that_unwind():
            return _call(main, *arguments, **options)
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
    complain(f"{command_name()}: {message}")
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


def _call(main, *arguments, **options):
    try:
        return main(*arguments, **options)
    except NothingToDo as news:
        return print(news)
    except (UserError, RunError, OSError):
        raise
    except Exception as error:  # a reader's own network may raise anything
        raise (UserError if is_the_models(error) else RunError)(describe(error)) from None
