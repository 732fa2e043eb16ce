"""The wiretap between real processes: every byte explained, smuggled images seen, hidden ones not."""

import contextlib
import gzip
import re
import signal
import socket
import sys

import matplotlib.image
import numpy as np
import pytest

from tests.support.harness import ROOT
from tests.support.ports import free_address

RAW = ROOT / "data/MNIST/raw"
WAYS = {1: "metrics", 2: "weights", 3: "low-bits"}  # client 0 is honest
ROUNDS, IMAGES = 2, 150
WEIGHTS = 46_730 * 4  # bytes of the lesson's network: 416 + 12,832 + 32,832 + 650 numbers


def mnist(count):
    """Return the first images and labels, without torchvision."""
    images = gzip.decompress((RAW / "train-images-idx3-ubyte.gz").read_bytes())[16:]
    labels = gzip.decompress((RAW / "train-labels-idx1-ubyte.gz").read_bytes())[8:]
    images = np.frombuffer(images, np.uint8).reshape(-1, 28, 28)[:count]
    return images, np.frombuffer(labels, np.uint8)[:count].astype(np.int64)


def run_tapped(stage, directory, clients, more=(), tap_more=()):
    """Run server, wiretap and `clients`, {number: words}, to their end; return the wiretap's output."""
    server, tap = free_address(), free_address()
    words = ["--clients", len(clients), "--rounds", ROUNDS, "--address", server, *more]
    actors = [stage.start("server.py", *words, cwd=directory)]
    words = ["-m", "beyond.wire.wiretap", "--listen", tap, "--server", server, *tap_more]
    actors.append(listener := stage.start(*words, cwd=directory))
    for number, words in clients.items():
        words = [*words, "--partition-id", number, "--server", tap, *more]
        actors.append(stage.start(*words, cwd=directory))
    for actor in actors:
        assert actor.wait() == 0, actor
    return listener.stdout


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A directory with small partitions for four clients."""
    directory = tmp_path_factory.mktemp("wire")
    images, labels = mnist(5 * IMAGES)
    (directory / "partitions").mkdir()
    for number, name in enumerate(["client_0", "client_1", "client_2", "client_3", "test"]):
        own = slice(number * IMAGES, (number + 1) * IMAGES)
        file = directory / f"partitions/{name}.npz"
        np.savez(file, images=images[own], labels=labels[own])
    np.savez(directory / "partitions/client_9.npz", images=images[:, None], labels=labels)
    return directory


@pytest.fixture(scope="module")
def tapped(place, shared_stage):
    """What a wiretap has printed about four clients, three of which smuggle."""
    clients = {0: ["client.py"]} | {
        number: ["-m", "beyond.wire.smuggler", "--how", way] for number, way in WAYS.items()
    }
    words = ["--partition", 0, 1, 2, 3, "--reveal", "results/low_bits.png"]
    try:
        return run_tapped(shared_stage, place, clients, tap_more=words)
    finally:
        shared_stage.clear()


def rows_of(output):
    """Return {(direction, round): [bytes by kind ..., all]} as printed."""
    found = re.findall(r"^(to the \w+) +(\d+)((?: +[\d,]+){6})$", output, re.MULTILINE)
    return {
        (direction, int(number)): [int(cell.replace(",", "")) for cell in cells.split()]
        for direction, number, cells in found
    }


def test_every_byte_is_explained_and_the_sums_are_right(tapped):
    rows = rows_of(tapped)
    assert len(rows) == 2 * (ROUNDS + 1)
    for *kinds, everything in rows.values():
        assert sum(kinds) == everything and kinds[4] == 0
    total = sum(row[-1] for row in rows.values())
    assert f"carried {total:,} bytes; the books have {total:,}, unexplained 0" in tapped
    if sys.platform == "linux":
        kernel = re.search(
            r"own counters.*: ([\d,]+) bytes; of these the books have ([\d,]+)", tapped
        )
        assert kernel[1] == kernel[2], tapped
        # A stream that was broken off, as a server may do at its end, has left no count to ask for.
        assert int(kernel[1].replace(",", "")) > 0.5 * total, tapped


def test_the_weights_are_as_many_as_the_network_has(tapped):
    for (_, server_round), row in rows_of(tapped).items():
        assert row[0] == (4 * WEIGHTS if server_round else 0)


def test_smuggled_images_are_found_and_no_others(tapped):
    found = re.findall(
        r"^FOUND image (\d+) of client (\d+), (\d+) of its (\d+) .* as (.*):", tapped, re.M
    )
    assert {(image, client) for image, client, *_ in found} == {("0", "1"), ("0", "2")}
    assert len(found) == 2 * ROUNDS
    for _, client, rows, telling, form in found:
        assert rows == telling
        assert form == {"1": "pixels", "2": "float32 from -1 to 1"}[client]


def test_what_hides_in_low_bits_is_not_found_but_there_for_who_knows(tapped, place):
    assert "low bits of weights is never seen" in tapped
    revealed = re.findall("^The low bits of an update .* are (.*), exactly$", tapped, re.MULTILINE)
    assert revealed == ["image 0 of client 3"]
    assert matplotlib.image.imread(place / "results/low_bits.png").shape[1] > 300


def test_ctrl_c_ends_it_with_what_has_passed(place, start):
    listen = free_address()
    words = ["--listen", listen, "--server", free_address(), "--picture", "results/none.png"]
    tap = start(["-m", "beyond.wire.wiretap", *words], place)
    tap.wait_for(f"^Listening on {listen}")
    host, port = listen.split(":")
    connection = socket.create_connection((host, int(port)))
    with connection, contextlib.suppress(ConnectionResetError):
        assert connection.recv(1) == b""  # there is no server to be connected to
    tap.send(signal.SIGINT)
    assert tap.wait() == 0
    assert "\nStopped" in tap.stdout and "0 connections carried 0 bytes" in tap.stdout


@pytest.mark.parametrize(
    "words, complaint",
    [
        (["--listen", "0.0.0.0:8081"], "open to other machines"),
        (["--listen", "127.0.0.1:8080"], "same address"),
        (["--partition", "7"], "there is no partitions/client_7.npz"),
        (["--picture", "a.txt"], "ends in .png"),
        (["--reveal", "a.txt"], "ends in .png"),
        (["--partition", "9", "--reveal", "a.png"], "those of client 9 are uint8 (1, 28, 28)"),
    ],
)
def test_a_mistake_gets_one_line(place, words, complaint, capsys, monkeypatch):
    from beyond.wire import wiretap

    gets_one_line(wiretap, place, words, complaint, capsys, monkeypatch)


@pytest.mark.parametrize("way", ["weights", "low-bits"])
def test_a_smuggler_says_what_does_not_fit_into_the_network(place, way, capsys, monkeypatch):
    from torch import nn

    import client
    from beyond.wire import smuggler

    monkeypatch.setattr(client, "make_model", lambda: nn.Linear(9, 2))
    words = ["--how", way, "--partition-id", "0"]
    gets_one_line(smuggler, place, words, f"--how {way} is for the lesson", capsys, monkeypatch)


def gets_one_line(module, place, words, complaint, capsys, monkeypatch):
    """Check that a command in `place` ends with one line that has the `complaint`, and with status 2."""
    from support.command_line import run_command

    monkeypatch.chdir(place)
    with pytest.raises(SystemExit) as end:
        run_command(module.main, module.__name__, words)
    assert end.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert complaint in line and line.startswith(f"{module.__name__}: ")
