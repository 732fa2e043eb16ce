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
from tests.support.complaints import complaint, options_only, words_for
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
    "federation.py": PARTITION | SERVER | {"--start": ["fork", ""]},
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
def test_every_option_is_tried_with_bad_values(place, command):
    finished = options_only(command, "--help", cwd=place)
    assert finished.status == 0
    options = set(re.findall(r"^ +(--[a-z0-9-]+)", finished.stdout, re.MULTILINE))
    assert options - {"--help"} == set(BAD_VALUES[command])


REFUSED = [  # command, words, what the line says; TAKEN is an address where another server listens
    *((command, ["--cleints", "3"], "--cleints") for command in BAD_VALUES),
    ("client.py", ["--partition-id", "3"], "client_3.npz; the partitions there are 0 to 2: choose"),
    ("client.py", ["--partition-id", "1", "--certificates", "none"], "cannot read none/ca.pem"),
    ("server.py", ["--address", "TAKEN"], "cannot listen on TAKEN: "),
    ("federation.py", ["--address", "TAKEN"], "cannot listen on TAKEN: "),
    ("server.py", ["--address", "0.0.0.0:8080"], "use --certificates DIR (or --insecure"),
    ("plot_accuracy.py", ["results/none"], "results/none"),
    ("plot_accuracy.py", ["results/fedavg", "results/none"], "results/none"),
    ("plot_accuracy.py", ["a_file"], "a_file"),
    ("plot_accuracy.py", ["results/fedavg/run.json"], "no results/fedavg/run.json/history.csv"),
    ("plot_accuracy.py", ["--output", "x.jpg"], "choose an --output that ends in .png"),
    ("plot_accuracy.py", ["--output", "results"], "choose another --output"),
    ("plot_accuracy.py", ["--output", "none/x.png"], "choose another --output"),
]


@pytest.mark.parametrize("command, words, said", REFUSED)
def test_what_cannot_be_done_is_refused_in_one_line_that_says_why(refuses, command, words, said):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        taken = f"127.0.0.1:{listener.getsockname()[1]}"
        words = [word.replace("TAKEN", taken) for word in words]
        assert said.replace("TAKEN", taken) in refuses(command, *words_for(command, *words))


DEALING = [["federation.py"], ["-m", "beyond.simulation.federation"]]


@pytest.mark.parametrize("command", DEALING, ids=["federation.py", "simulation"])
def test_a_run_that_cannot_be_written_deals_no_images_out(stage, tmp_path, command):
    (tmp_path / "a_file").touch()
    before = snapshot(tmp_path)
    finished = stage.run(*command, "--clients", 2, "--run", "a_file", cwd=tmp_path)
    assert finished.status == 2 and "choose another --run" in finished.stderr, finished
    assert snapshot(tmp_path) == before


@pytest.mark.parametrize("program, name", [("client.py", "client_0"), ("server.py", "test")])
def test_a_damaged_partition_is_refused_by_its_owner(refuses, program, name):
    file = f"partitions/{name}.npz"
    assert file in refuses(program, *words_for(program), files={file: b"image,label\n"})


def test_a_client_without_a_partition_id_is_told_what_is_missing(refuses):
    assert "--partition-id" in refuses("client.py")


def test_commands_complain_the_same_way_when_python_starts_them(start, place):
    before = snapshot(place)
    commands = []
    for name in BAD_VALUES:
        words = [ROOT / name, *words_for(name, "--no-such-option")]
        commands.append(start(words, place, beside=True))
        commands[-1].may_fail = True  # they all do
    for name, command in zip(BAD_VALUES, commands, strict=True):
        assert command.complaint().startswith(f"{name}: ")
        assert len(command.lines) == 1  # on both streams together
    assert snapshot(place) == before


def test_a_client_says_that_it_waits_and_then_that_no_server_came(place, stage):
    address = free_address()
    words = ["--partition-id", 0, "--server", address, "--max-wait", 1]
    finished = stage.run("client.py", *words, cwd=place)
    assert address in complaint(finished, "client.py")
    assert f"Waiting up to 1 s for a server at {address}" in finished.stdout


@pytest.mark.parametrize("program", ["partition.py", "federation.py"])
def test_more_clients_than_images_are_refused(repository_copy, stage, place, program):
    before = snapshot(place)
    words = words_for(program, "--clients", 60_001)
    finished = stage.run(repository_copy / program, *words, cwd=place)
    assert "60001" in complaint(finished, program)
    assert snapshot(place) == before
