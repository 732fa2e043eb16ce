"""A mistake that a command of a chapter refuses in this process, before it has started anything."""

import importlib

import pytest

from support.command_line import run_command
from tests.support.harness import snapshot


def refusal(capsys, program, *words):
    """Run the module `program` in the current directory; return the one line with which it refuses `words`.

    It has exited with status 2, printed nothing else and changed no file.
    """
    before = snapshot(".")
    with pytest.raises(SystemExit) as end:
        run_command(importlib.import_module(program).main, list(map(str, words)))
    printed = capsys.readouterr()
    (line,) = printed.err.splitlines()
    assert (end.value.code, printed.out) == (2, "")
    assert line.startswith(f"{program}: ")
    assert snapshot(".") == before
    return line
