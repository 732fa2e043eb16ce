"""The check of exercise 5."""

import numpy as np

import server
from beyond.practice.judge import call, compare, expect, same
from support.command_line import parse_options
from support.options import run_server_options

ROUNDS = (1, 2, 3, 4)
RATE, FACTOR = 0.2, 0.5
OTHER_RATE, OTHER_FACTOR = 0.03, 0.9
WRONG_RATES = {
    "round 1 has the first rate, so the exponent is one less": [0.1, 0.05, 0.025, 0.0125],
    "nothing shrinks": [0.2] * 4,
    "all rounds have the same: where is server_round?": [0.1] * 4,
    "it grows: multiply by factor": [0.2, 0.4, 0.8, 1.6],
    "it shrinks once, and not from round to round": [0.2, 0.1, 0.1, 0.1],
}


def check(answer):
    """Check exercise 5."""
    yield "training_instructions returns a function"
    args = args_with(RATE)
    lesson = server.training_instructions(args)
    instructions = call(answer.training_instructions, args)
    compare(instructions, lesson, what="training_instructions(args)")
    yield "every round has all that fit reads"
    for number in ROUNDS:
        expect_config(call(instructions, number), lesson(number))
    yield from shrinking_steps(answer, lesson)


def args_with(rate):
    """Return what the server's command line gives with this learning rate, and others than the usual ones."""
    words = ["--local-epochs", 3, "--batch-size", 16, "--learning-rate", rate, "--seed", 7]
    return parse_options(words, run_server_options())


def shrinking_steps(answer, lesson):
    """Take the steps of with_shrinking_rate, around the lesson's instructions with the rate RATE."""
    yield "a learning rate that shrinks from round to round"
    shrinking = call(answer.with_shrinking_rate, lesson, FACTOR)
    compare(shrinking, lesson, what="with_shrinking_rate(...)")
    what = "The learning rate of rounds 1 to 4"
    compare(rates_of(shrinking, lesson), rates(RATE, FACTOR), WRONG_RATES, what)
    yield "another learning rate, and another factor"
    other = server.training_instructions(args_with(OTHER_RATE))
    found = rates_of(call(answer.with_shrinking_rate, other, OTHER_FACTOR), other)
    compare(found, rates(OTHER_RATE, OTHER_FACTOR), fixed_rates(), what)
    yield "asked for round 2 again, it says the same"
    again = rate_in(call(shrinking, 2), lesson(2))
    expect(same(again, 0.1), f"This time it is {again:g}, not 0.1: compute it from server_round.")
    yield "the config of the function inside stays as it is"
    inside = lesson(3)
    call(call(answer.with_shrinking_rate, lambda server_round: inside, FACTOR), 3)
    expect(inside == lesson(3), "Your function changes the dict that it was given: make a new one.")


def rates(first, factor):
    """Return the learning rates of ROUNDS."""
    return [first * factor ** (number - 1) for number in ROUNDS]


def fixed_rates():
    """Return {words: the learning rates of one who writes a number where a name is right}."""
    return {
        "read the rate in the config that instructions return": rates(RATE, OTHER_FACTOR),
        "read factor, which is not always the same": rates(OTHER_RATE, FACTOR),
        "read factor, and the rate in the config, which are not always the same": rates(
            RATE, FACTOR
        ),
    }


def rates_of(shrinking, lesson):
    """Return the learning rates that `shrinking` says, of which all else is to be as in `lesson`."""
    return [rate_in(call(shrinking, number), lesson(number)) for number in ROUNDS]


def expect_config(found, expected):
    """Raise Wrong unless `found` has what is `expected`, and only what can travel."""
    what = f"In round {expected['server_round']}, config"
    compare(found, expected, what=what)
    for name, value in found.items():
        can_travel = isinstance(value, (bool, bytes, float, int, str))
        expect(can_travel, f"{what} has {name!r}, {value!r}: only numbers and texts can travel.")


def rate_in(found, lesson):
    """Return the learning rate in a config; raise Wrong unless all else is the lesson's."""
    rate = found.get("learning_rate") if isinstance(found, dict) else None
    is_number = isinstance(rate, (int, float, np.number))
    expect_config(found, {**lesson, "learning_rate": rate} if is_number else lesson)
    return rate
