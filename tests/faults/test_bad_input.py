"""A person's mistake: one line that names the program, exit status 2, and nothing changed on disk."""

import re
import socket

import pytest

from tests.support.bad_values import (
    ADDRESS,
    COUNT,
    LISTEN,
    NATURAL,
    POSITIVE,
    SECONDS,
    SEED,
    parameters,
)
from tests.support.complaints import complaint, words_for
from tests.support.harness import ROOT, snapshot
from tests.support.ports import free_address

COMMON = {"--clients": COUNT, "--seed": SEED}
PARTITION = {**COMMON, "--scheme": ["sorted", ""], "--alpha": [*POSITIVE, "1"]}
TRAINING = {
    "--local-epochs": [*COUNT, str(2**63)],
    "--batch-size": COUNT,
    "--learning-rate": POSITIVE,
}
SERVER = {
    **COMMON,
    "--rounds": COUNT,
    **TRAINING,
    "--address": LISTEN,
    "--run": ["a_file", "a_file/below"],
    "--resume": ["yes"],
    "--parallel-clients": COUNT,
    "--min-clients": [*COUNT, "4"],
    "--round-timeout": SECONDS,
    "--patience": SECONDS,
    "--max-examples-per-client": COUNT,
    "--certificates": ["a_file", "no_such_directory"],
    "--insecure": ["yes"],
}
BAD_VALUES = {
    "partition.py": PARTITION,
    "server.py": SERVER,
    "client.py": {
        "--partition-id": [*NATURAL, "7", "1" * 300],
        "--server": ADDRESS,
        "--max-wait": SECONDS,
        "--certificates": ["a_file", "no_such_directory"],
    },
    "federation.py": PARTITION | SERVER,
    "plot_accuracy.py": {
        "--output": ["a_file/accuracy.png", "no_such_directory/accuracy.png", "results", "."],
        "--from": ["-1", "100", "nan", "low", ""],
    },
}


@pytest.mark.parametrize("command, option, value", parameters(BAD_VALUES))
def test_a_bad_value_is_refused_in_one_line(refuses, command, option, value):
    line = refuses(command, *words_for(command, option, value))
    assert option.strip("-") in line or value in line, line


@pytest.mark.parametrize("command", BAD_VALUES)
def test_every_option_is_tried_with_bad_values(stage, place, command):
    finished = stage.run(command, "--help", cwd=place)
    assert finished.status == 0
    options = set(re.findall(r"^ +(--[a-z0-9-]+)", finished.stdout, re.MULTILINE))
    assert options - {"--help"} == set(BAD_VALUES[command])


@pytest.mark.parametrize("command", BAD_VALUES)
def test_an_unknown_option_is_refused_in_one_line(refuses, command):
    assert "--cleints" in refuses(command, *words_for(command, "--cleints", "3"))


def test_a_client_without_a_partition_id_is_told_what_is_missing(refuses):
    assert "--partition-id" in refuses("client.py")


def test_commands_complain_the_same_way_when_python_starts_them(start, place):
    before = snapshot(place)
    commands = {
        name: start([ROOT / name, *words_for(name, "--no-such-option")], place, beside=True)
        for name in BAD_VALUES
    }
    for command in commands.values():
        command.may_fail = True  # they all do
    for name, command in commands.items():
        assert command.wait() == 2
        assert len(command.lines) == 1  # on both streams together
        assert command.output.startswith(f"{name}: ")
    assert snapshot(place) == before


def test_the_partition_that_is_not_there_is_named(refuses):
    words = words_for("client.py", "--partition-id", 3)
    assert "partitions/client_3.npz" in refuses("client.py", *words)


def test_a_client_says_that_it_waits_and_then_that_no_server_came(place, stage):
    before, address = snapshot(place), free_address()
    finished = stage.run(
        "client.py", "--partition-id", 0, "--server", address, "--max-wait", 1, cwd=place
    )
    assert address in complaint(finished, "client.py")
    assert f"Waiting up to 1 s for a server at {address}" in finished.stdout
    assert snapshot(place) == before


@pytest.mark.parametrize("program", ["server.py", "federation.py"])
def test_a_port_in_use_is_named(refuses, program):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        assert address in refuses(program, *words_for(program, "--address", address))


@pytest.mark.parametrize("runs", [["results/none"], ["results/fedavg", "results/none"], ["a_file"]])
def test_a_run_that_is_not_there_is_named(refuses, runs):
    assert runs[-1] in refuses("plot_accuracy.py", *runs)


@pytest.mark.parametrize("program", ["partition.py", "federation.py"])
def test_more_clients_than_images_are_refused(repository_copy, stage, place, program):
    before = snapshot(place)
    words = words_for(program, "--clients", 60_001)
    finished = stage.run(repository_copy / program, *words, cwd=place, seconds=60)
    assert "60001" in complaint(finished, program)
    assert snapshot(place) == before
