"""What would promise nothing, or cannot be read, is refused in one line with status 2."""

import pytest

from tests.support.bad_values import NATURAL, POSITIVE
from tests.support.complaints import TakesTheOptions, complaint, options_only

PROGRAM = "beyond.example_privacy.client"
RIGHT = ["--partition-id", 0, "--target-epsilon", 8]
BAD = [
    *(("--target-epsilon", value) for value in POSITIVE),
    *(("--clip", value) for value in POSITIVE),
    *(("--delta", value) for value in (*POSITIVE, "1", "1.5")),
    *(("--noise-seed", value) for value in NATURAL),
]


@pytest.mark.parametrize("option, value", BAD)
def test_a_bad_value_gets_one_line(option, value, tmp_path):
    finished = options_only(PROGRAM, *RIGHT, f"{option}={value}", cwd=tmp_path)
    assert option in complaint(finished, PROGRAM)


@pytest.mark.parametrize("program", [PROGRAM, "beyond.example_privacy.federation"])
def test_a_budget_has_to_be_named(program, tmp_path):
    words = ["--partition-id", 0] if program == PROGRAM else []
    assert "--target-epsilon" in complaint(options_only(program, *words, cwd=tmp_path), program)


def test_a_server_knows_nothing_of_it(tmp_path):
    program = "beyond.example_privacy.server"
    words = ["--address", "127.0.0.1:1", "--target-epsilon", 8]
    complaint(options_only(program, *words, cwd=tmp_path), program)


def test_the_right_words_are_taken(tmp_path):
    with pytest.raises(TakesTheOptions):
        options_only(PROGRAM, *RIGHT, cwd=tmp_path)
