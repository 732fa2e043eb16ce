"""A person's mistake with an option of this chapter: one line, exit status 2, and nothing changed on disk."""

import pytest

from tests.support.bad_values import DECAY, FRACTION, POSITIVE, parameters
from tests.support.complaints import words_for

SERVER = {
    "--fraction-fit": FRACTION,
    "--strategy": ["fedavg", "FedSGD", ""],
    "--proximal-mu": [*POSITIVE, "1"],
    "--server-learning-rate": [*POSITIVE, "1"],
    "--server-momentum": DECAY,
    "--beta-1": DECAY,
    "--beta-2": DECAY,
    "--tau": [*POSITIVE, "1"],
    "--client-evaluation": ["yes"],
}
BAD_VALUES = {
    "partition.py": {"--plot": ["a_file/who.png", "no_such_directory/who.png", "results"]},
    "server.py": SERVER,
    "federation.py": SERVER,
}


@pytest.mark.parametrize("command, option, value", parameters(BAD_VALUES))
def test_a_bad_value_is_refused_in_one_line(refuses, command, option, value):
    line = refuses(command, *words_for(command, option, value))
    assert option.strip("-") in line or value in line, line
