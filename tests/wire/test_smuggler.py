"""Every way of the smuggler: found, or not found although an accomplice reads it."""

import base64
import zlib

import numpy as np
import pytest

from beyond.wire import room, smuggler
from beyond.wire.byte_ledger import keep_ledger
from beyond.wire.hidden_image import reveal, reveal_between_steps
from beyond.wire.image_search import Search
from beyond.wire.relay import TO_CLIENT, TO_SERVER, Connection
from beyond.wire.report import print_encrypted
from beyond.wire.row_index import from_base64
from beyond.wire.smuggler import AMONG_METRICS, IN_WEIGHTS, WAYS
from model import CNN, make_model
from support.command_line import UserError, run_command
from tests.support.lesson import instructions, untrained
from tests.wire.test_byte_ledger import answer

PLACE = 7
FOUND = {
    "metrics": "pixels",
    "inverted": "pixels, inverted",
    "columns": "pixels, by columns",
    "compressed": "pixels, compressed",
    "deflate": "pixels, compressed",
    "base64": "pixels, in base64",
    "weights": "numbers that the model takes",
    "scaled": "floats at some scale",
    "second-bytes": "pixels, one byte in 4",
}


@pytest.fixture(scope="module")
def images(mnist):
    return mnist.images[:300]


@pytest.fixture(scope="module")
def search(images):
    return Search({0: images})


def sent(way, image):
    """Return (weights, metrics) of an answer in which `image` is smuggled."""
    if way in AMONG_METRICS:
        return untrained(), {"note": AMONG_METRICS[way](image)}
    return IN_WEIGHTS[way](image, untrained()), {}


def found(search, way, image):
    weights, metrics = sent(way, image)
    return search.find(answer(weights, **metrics))


@pytest.mark.parametrize("way", FOUND)
def test_it_is_found_whole(search, images, way):
    image = images[PLACE]
    [(place, (form, rows, telling))] = found(search, way, image).items()
    assert (place, form) == (PLACE, FOUND[way]) and rows == telling > 0


@pytest.mark.parametrize("way", ["encrypted", "between", "low-bits"])
def test_it_is_not_found(search, images, way):
    assert found(search, way, images[PLACE]) == {}


def test_an_accomplice_reads_what_is_not_found(images):
    image, weights = images[PLACE], untrained()
    ways = {"low-bits": (reveal, 4e-9), "between": (reveal_between_steps, 1 / 1024)}
    for way, (read, most) in ways.items():
        hidden, _ = sent(way, image)
        assert (read(hidden) == image).all()
        moved = [np.abs(a - np.float64(b)).max() for a, b in zip(hidden, weights, strict=True)]
        assert 0 < max(moved) < most
    once = np.frombuffer(sent("encrypted", image)[1]["note"], np.uint8).reshape(28, 28)
    assert smuggler.encrypted(once) == image.tobytes()
    octets = [w[2].view(np.uint8).reshape(-1, 4) for w in (sent("second-bytes", image)[0], weights)]
    assert (octets[0][:784, 1] == image.ravel()).all()
    assert (octets[0][:, [0, 2, 3]] == octets[1][:, [0, 2, 3]]).all()
    assert set(WAYS) == {*FOUND, "encrypted", "between", "low-bits", "count"}


@pytest.mark.parametrize("factor, more", [(1 / 255, 0), (-1e-3, 0), (3.7, -9), (2 / 255, -1)])
@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_floats_are_found_at_any_scale(search, images, factor, more, kind):
    numbers, form = np.random.default_rng(0), "floats at some scale" + ", inverted" * (factor < 0)
    floats = (images[PLACE] * kind(factor) + kind(more)).astype(kind)
    for content, expected in ((floats, form), (floats.T, f"{form}, by columns")):
        found = search.find(numbers.bytes(1001) + content.tobytes() + numbers.bytes(999))
        [(place, (how, rows, telling))] = found.items()
        assert (place, how) == (PLACE, expected) and rows == telling


def test_of_an_encrypted_stream_its_duration_is_told(capsys):
    times = {TO_SERVER: (1.0, 3.5), TO_CLIENT: (2.0, 2.25)}
    chunks = [(when, way, b"\x16\x03" + bytes(98)) for way, two in times.items() for when in two]
    connections = [Connection(sorted(chunks, key=lambda chunk: chunk[0]))]
    print_encrypted(keep_ledger(connections), connections)
    told = capsys.readouterr().out.splitlines()
    assert "to the server: 200 bytes within 2.5 s" in told[0]
    assert "to the clients: 200 bytes within 0.2 s" in told[1]


def test_ways_may_be_combined(search, images):
    columns = (255 - images[PLACE]).T.tobytes()
    packed = zlib.compress(columns)
    for text in (packed.hex().encode(), base64.b64encode(packed)):
        [(form, rows, telling)] = search.find(b"note: " + text).values()
        assert form.startswith("pixels, inverted, by columns, compressed, in") and rows == telling


def test_random_bits_replace_as_many_as_are_asked_for():
    weights = untrained()
    changed = room.with_random_bits(weights, 12, np.random.default_rng(0))
    for before, after in zip(weights, changed, strict=True):
        differing = before.view(np.uint32) ^ after.view(np.uint32)
        assert (differing < 2**12).all() and differing.shape == before.shape
    words = np.concatenate([array.ravel() for array in changed]).view(np.uint32)
    for bit in range(12):  # each is known to 0.23 %
        assert (words >> bit & 1).mean() == pytest.approx(0.5, abs=0.012)


def test_the_room_in_a_model_is_told_with_what_it_costs(tmp_path, mnist, monkeypatch, capsys):
    np.savez(tmp_path / "model.npz", **dict(zip(CNN().state_dict(), untrained(), strict=True)))
    few = mnist.test_images[:200], mnist.test_labels[:200].astype(np.int64)
    monkeypatch.setattr(room, "load_mnist", lambda: (None, few))
    monkeypatch.setattr(room, "BITS", (0, 8))
    run_command(room.main, ["--model", str(tmp_path / "model.npz")])
    rows = [line.split() for line in capsys.readouterr().out.splitlines()[1:]]
    assert [row[:3] for row in rows] == [["0", "0", "0.0"], ["8", "46,730", "59.6"]]
    assert float(rows[0][3]) == pytest.approx(100 * room.accuracy(untrained(), few), abs=0.01)
    for name, advice in (("none.npz", "there is no"), ("other.npz", "choose another --model")):
        np.savez(tmp_path / "other.npz", weights=np.zeros(3))
        with pytest.raises(UserError, match=advice):
            room.weights_in(tmp_path / name)


def test_a_pixel_a_round_is_added_to_the_number_of_images():
    images = np.arange(9 * 784, dtype=np.uint16).astype(np.uint8).reshape(9, 28, 28)
    labels = np.zeros(9, np.int64)
    client = smuggler.smuggling_client("count")(0, make_model(), images, labels)
    for server_round in (1, 2, 11):
        weights, count, metrics = client.fit(untrained(), instructions(server_round))
        assert count - 9 == images[0][14, server_round - 1] and metrics == {}


@pytest.mark.parametrize("before", [b"", b"a", b"ab", b"abc"])
def test_base64_is_read_from_where_it_begins(images, before):
    """What stands in front may be letters, too, and shift the groups of four."""
    pixels = images[PLACE].tobytes()
    for encode in (base64.b64encode, base64.urlsafe_b64encode, base64.encodebytes):
        content = before + encode(pixels)
        assert any(pixels[:300] in part for part in from_base64(content))
