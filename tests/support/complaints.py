"""How our commands complain about a person's mistake, whichever it is."""

import importlib
import io
from contextlib import chdir, redirect_stderr, redirect_stdout
from unittest.mock import patch

import pytest

from support import command_line, signals
from tests.support.harness import snapshot
from tests.support.ports import idle_address
from tests.support.stage import Finished


def words_for(program, *more):
    """Return a command's words with what it needs, unless `more` gives that."""
    needed = {
        "client.py": {"--partition-id": 0, "--max-wait": 1},
        "server.py": {"--clients": 3, "--address": idle_address()},
        "federation.py": {"--clients": 3, "--address": idle_address()},
    }.get(program, {})
    return [*(word for item in needed.items() if item[0] not in more for word in item), *more]


class TakesTheOptions(BaseException):
    """A command has taken its options, and would begin to work."""


def run_here(program, *words):
    """Run a command that ends with a status, in this process; return a Finished, as Stage.run does.

    `program` is server.py, say, or the name of a module.
    """
    main = importlib.import_module(program.removesuffix(".py")).main
    said, complained = io.StringIO(), io.StringIO()
    with (
        redirect_stdout(said),
        redirect_stderr(complained),
        patch.object(command_line, "_command", None),  # run_command sets it
        patch.object(command_line, "is_hosted", lambda: True),  # Python goes on afterwards
        patch.object(signals, "is_hosted", lambda: True),
        pytest.raises(SystemExit) as end,
    ):
        command_line.run_command(main, list(map(str, words)))
    return Finished(end.value.code, said.getvalue(), complained.getvalue())


def options_only(program, *words, cwd):
    """Do as run_here does, in the directory `cwd`; raise TakesTheOptions unless these are refused."""

    def check_and_stop(args, parents, check=command_line._check):
        check(args, parents)
        raise TakesTheOptions

    with chdir(cwd), patch.object(command_line, "_check", check_and_stop):
        return run_here(program, *words)


def answer_to(stage, command, program, *words, cwd):
    """Return what the words of `command`, whose name is `program`, come to: a Finished.

    A process is started only for options that are taken, and found to be wrong later: most are not.
    """
    try:
        return options_only(program, *words, cwd=cwd)
    except TakesTheOptions:
        return stage.run(*command, *words, cwd=cwd)


def complaint(finished, program):
    """Check that a command has complained in one line; return the line."""
    assert finished.status == 2, finished
    lines = finished.stderr.splitlines()
    assert len(lines) == 1, finished.stderr
    speakers = {"federation.py": ["partition.py", "server.py"]}.get(program, [])  # it starts those
    assert lines[0].split(": ")[0] in [program, *speakers]
    assert "Traceback" not in finished.stdout
    return lines[0]


def refusal(program, *words):
    """Run a module here, in the current directory; return the one line with which it refuses `words`.

    It has printed nothing else and changed no file.
    """
    before = snapshot(".")
    finished = run_here(program, *words)
    assert finished.stdout == "" and snapshot(".") == before
    return complaint(finished, program)
