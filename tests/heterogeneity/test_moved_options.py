"""Who types an option of this chapter at a command of the lesson is told the command that has it."""

import pytest

from tests.heterogeneity.commands import FEDERATION, SERVER, module
from tests.heterogeneity.test_bad_options import OWN
from tests.support.complaints import words_for

MOVED = [("partition.py", "--plot", module("plot_partitions"))]
MOVED += [("server.py", option, SERVER) for option in OWN]
MOVED += [("federation.py", option, FEDERATION) for option in OWN]


@pytest.mark.parametrize("program, option, command", MOVED, ids=lambda part: str(part[-1]))
def test_every_option_of_the_chapter_is_known_to_be_there(refuses, program, option, command):
    line = refuses(program, *words_for(program, f"{option}=3"))
    assert line.endswith(f"; python {' '.join(command)} has {option}")
