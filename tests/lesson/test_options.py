"""What is typed reaches the server as it was typed; what is not typed has the values that are documented."""

import argparse

import psutil
import pytest

import federation
from support.argument_types import (
    decay,
    fraction,
    natural_int,
    percentage,
    positive_float,
    positive_int,
    positive_seconds,
)
from support.options import client_options, partition_options, server_options
from support.typed_words import as_words, parse_words
from tests.support.every_kind import TYPED, toy_options
from tests.support.lesson import parsed, settings_of
from tests.support.ports import idle_address

DOCUMENTED = {
    "clients": 10,
    "rounds": 10,
    "seed": 0,
    "address": "127.0.0.1:8080",
    "run": "results/fedavg",
    "resume": False,
    "local_epochs": 1,
    "batch_size": 32,
    "learning_rate": 0.05,
    "min_clients": None,  # half of the clients
    "patience": None,  # for ever
    "round_timeout": 60,
    "max_examples_per_client": 60_000,
    "certificates": None,
    "insecure": False,
    "scheme": "iid",
    "alpha": None,  # 0.5 with dirichlet
}


MOST = 2**31 - 1
BOUNDS = [  # type, what it takes, what it does not
    (positive_int, ["1", str(MOST)], ["0", "-1", str(MOST + 1), "1.0"]),
    (natural_int, ["0", str(MOST)], ["-1", str(MOST + 1)]),
    (positive_float, ["1e-300", "1e300"], ["0", "-1e-300", "inf", "nan"]),
    (positive_seconds, ["1e-3", "1e6"], ["0", "1000001", "inf"]),
    (fraction, ["1e-9", "1"], ["0", "1.0001", "nan"]),
    (decay, ["0", "0.9999"], ["-0.0001", "1", "nan"]),
    (percentage, ["0", "99.99"], ["-0.01", "100"]),
]


@pytest.mark.parametrize(("kind", "taken", "refused"), BOUNDS)
def test_a_number_is_taken_up_to_its_bounds(kind, taken, refused):
    assert [kind(text) for text in taken] == [float(text) for text in taken]
    for text in (*refused, "", "two", "1e999", "0x1"):
        with pytest.raises(argparse.ArgumentTypeError):
            kind(text)


def test_defaults_are_those_that_are_documented():
    args = vars(parsed([], *server_options(), partition_options()))
    assert args.pop("parallel_clients") == len(psutil.Process().cpu_affinity())  # one a core
    assert args == DOCUMENTED
    client = vars(parsed(["--partition-id", 3], client_options()))
    assert client == {
        "partition_id": 3,
        "server": DOCUMENTED["address"],
        "max_wait": 120,
        "certificates": None,
    }


def test_alpha_is_a_half_unless_one_says_otherwise():
    assert settings_of("--scheme", "dirichlet")["alpha"] == 0.5
    assert settings_of("--scheme", "dirichlet", "--alpha", 0.1)["alpha"] == 0.1
    assert "alpha" not in settings_of("--scheme", "shards")


def test_help_says_the_defaults_that_hold(stage, tmp_path):
    shown = " ".join(stage.run("federation.py", "--help", cwd=tmp_path).stdout.split())
    for option, default in {"--alpha ALPHA": "0.5", "--round-timeout ROUND_TIMEOUT": "60"}.items():
        assert f"(default: {default})" in shown.split(option)[-1].split(" --")[0]


def test_a_federation_waits_half_a_minute_for_clients_that_nobody_starts_by_hand():
    words = ["--address", idle_address()]
    assert federation.parse(words).patience == 30
    assert federation.parse([*words, "--patience", "7"]).patience == 7


LESSONS = [
    [],
    ["--seed", "0"],
    ["--clients", "3", "--rounds", "7", "--seed", "5", "--resume", "--insecure"],
    ["--run=-dashing", "--certificates=-c", "--address", "[::1]:9000", "--min-clients", "1"],
    ["--batch-size", "8", "--learning-rate", "1e-9", "--local-epochs=2", "--parallel-clients=1"],
    ["--patience", "5", "--round-timeout", "0.5", "--max-examples-per-client", "9"],
]


@pytest.mark.parametrize(
    "words", [*LESSONS, *TYPED], ids=lambda words: " ".join(words) or "nothing"
)
def test_options_of_lesson_and_chapter_reach_the_server_as_they_were_typed(words):
    words = ["--sch", "shards", *words]
    parents = [*server_options(), toy_options()]
    federation_py = argparse.ArgumentParser(parents=[*parents, partition_options()])
    passed_on = as_words(parse_words(federation_py, words), parents)
    assert all(isinstance(word, str) for word in passed_on)
    typed = vars(federation_py.parse_args(words))
    assert (typed.pop("scheme"), typed.pop("alpha")) == ("shards", None)
    assert vars(parsed(passed_on, *parents)) == typed
