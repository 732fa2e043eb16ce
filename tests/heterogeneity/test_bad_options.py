"""A person's mistake with a command of this chapter: one line, exit status 2, and nothing changed on disk."""

import re

import pytest

from beyond.heterogeneity.options import heterogeneity_options
from support.typed_words import option_names
from tests.heterogeneity.commands import program_of, refused
from tests.support.bad_values import ADDRESS, COUNT, DECAY, FRACTION, POSITIVE, SEED, parameters
from tests.support.complaints import options_only, words_for

OWN = {
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
PERCENT = ["-1", "100", "nan", "low"]
PICTURE = ["a_file/who.png", "results", "who.jpg"]
BAD_VALUES = {
    "server": OWN,
    "federation": OWN,
    "plot_partitions": {"--plot": PICTURE},
    "plot_runs": {"--output": [*PICTURE, "no_such_directory/who.png"], "--from": PERCENT},
    "baselines": {
        "--clients": COUNT,
        "--seed": SEED,
        "--local-epochs": COUNT,
        "--batch-size": COUNT,
        "--learning-rate": POSITIVE,
        "--rounds": COUNT,
        "--run": ["a_file/alone"],
        "--client-evaluation": ["yes"],
    },
    "compare": {
        "--seeds": COUNT,
        "--rounds": COUNT,
        "--clients": COUNT,
        "--only": ["nonsense", ""],
        "--list": ["yes"],
        "--output": ["a_file/comparison"],
        "--address": ADDRESS,
    },
    "paper": {
        "--model": ["theirs"],
        "--schemes": ["dirichlet"],
        "--learning-rate": POSITIVE,
        "--tune": POSITIVE,
        "--minutes": POSITIVE,
        "--show-every": COUNT,
        "--output": ["a_file/found.json", "results"],
        "--clients": COUNT,
        "--seed": ["-1", "two"],
        "--address": ADDRESS,
    },
}
NEEDED = {
    "plot_runs": ["results", "--output=band.png"],
    "baselines": ["alone", "--clients=3", "--run=results/alone"],
}


def refusal(stage, place, name, *words):
    """Return the line with which a command that has what it needs refuses `words`."""
    alike = {"compare": "federation", "paper": "federation"}.get(name, name)
    words = words_for(f"{alike}.py", *NEEDED.get(name, []), *words)
    return refused(stage, place, name, *words)


@pytest.mark.parametrize("name, option, value", parameters(BAD_VALUES))
def test_a_bad_value_is_refused_in_one_line(stage, place, name, option, value):
    line = refusal(stage, place, name, option, value)
    assert option.strip("-") in line or value in line, line


@pytest.mark.parametrize("name", BAD_VALUES)
def test_every_option_is_tried_with_bad_values(tmp_path, name):
    helped = options_only(program_of(name), "--help", cwd=tmp_path)
    assert helped.status == 0 and helped.stdout.startswith(f"usage: {program_of(name)} ")
    options = set(re.findall(r"^ +(--[a-z0-9-]+)", helped.stdout, re.MULTILINE)) - {"--help"}
    if BAD_VALUES[name] is OWN:  # besides the lesson's, which are tried elsewhere
        assert options > {*OWN, "--clients", "--rounds", "--local-epochs", "--resume"}
        options = {f"--{one.replace('_', '-')}" for one in option_names([heterogeneity_options()])}
    assert options == set(BAD_VALUES[name])


@pytest.mark.parametrize("name", [*BAD_VALUES, "client"])
def test_an_unknown_option_is_refused_in_one_line(stage, place, name):
    assert "--cleints" in refusal(stage, place, name, "--cleints", "3")


@pytest.mark.parametrize("name", ["server", "federation"])
@pytest.mark.parametrize(
    "words",
    [
        "--proximal-mu 1",
        "--strategy FedProx --tau 0.1",
        "--strategy FedAdam --server-momentum 0.5",
        "--strategy FedAvgM --beta-1 0.5",
    ],
)
def test_an_option_that_the_strategy_does_not_take_is_refused(stage, place, name, words):
    assert "takes no --" in refusal(stage, place, name, *words.split())
