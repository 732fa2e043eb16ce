"""A partition file that is damaged, or something else: one line that names it, and exit status 2."""

from support.command_line import UserError
from support.partitions import load_partition

import io
from pathlib import Path

import numpy as np
import pytest

from tests.support.complaints import complaint, words_for
from tests.support.harness import ROOT, snapshot
from tests.support.ports import free_address
from tests.support.small import save_partition, write_partitions


def images(*shape, dtype=np.uint8):
    """Return black images."""
    return np.zeros(shape, dtype)


LABELS = np.array([1, 2, 3])
NO_PARTITION = {
    "int32 labels": (images(3, 28, 28), LABELS.astype(np.int32)),
    "fewer labels than images": (images(3, 28, 28), LABELS[:2]),
    "a column of labels": (images(3, 28, 28), LABELS[:, None]),
    "a label below zero": (images(3, 28, 28), np.array([1, -1, 3])),
    "no image": (images(0, 28, 28), LABELS[:0]),
    "pickled labels": (images(3, 28, 28), np.array([1, "two", None], dtype=object)),
    "pickled images": (np.array([print, 2, 3], dtype=object), LABELS),
}


class Trap:
    """What leaves a file behind when it is unpickled, for unpickling runs whatever the pickle says."""

    def __reduce__(self):
        return Path.touch, (Path("sprung").resolve(),)


@pytest.mark.parametrize("trapped", ["images", "labels"])
def test_no_partition_is_ever_unpickled(tmp_path, monkeypatch, trapped):
    monkeypatch.chdir(tmp_path)
    arrays = {"images": images(1, 28, 28), "labels": LABELS[:1]}
    np.savez("client_0.npz", **{**arrays, trapped: np.array([Trap()], dtype=object)})
    with pytest.raises(UserError, match="client_0.npz is not a partition: an array holds Python"):
        load_partition("client_0.npz")
    assert not Path("sprung").exists()
    np.load("client_0.npz", allow_pickle=True)[trapped]  # what shows that this can fail
    assert Path("sprung").exists()


NO_FIT = {  # sound partitions, but not for the lesson's network
    "wrong image shape": (images(3, 28, 11), LABELS),
    "flat images": (images(3, 784), LABELS),
    "a label of ten": (images(3, 28, 28), np.array([1, 10, 3])),
}


@pytest.fixture
def fresh_place(tmp_path, mnist):
    """A directory with partitions for three clients, for one test to damage."""
    write_partitions(tmp_path, mnist, sizes=[20, 20, 20], test_size=20)
    return tmp_path


def assert_both_refuse(place, stage, name):
    """Check that client 1 or the server, whose file it is, refuses partitions/`name` and changes nothing."""
    before = snapshot(place)
    program, words = {
        "client_1.npz": ("client.py", ["--partition-id", 1]),
        "test.npz": ("server.py", []),
    }[name]
    finished = stage.run(program, *words_for(program, *words), cwd=place)
    assert f"partitions/{name}" in complaint(finished, program)
    assert snapshot(place) == before


@pytest.mark.parametrize("name", ["client_1.npz", "test.npz"])
@pytest.mark.parametrize("arrays", NO_PARTITION.values(), ids=NO_PARTITION)
def test_a_file_that_is_no_partition_is_refused(fresh_place, stage, arrays, name):
    images, labels = arrays
    np.savez(fresh_place / "partitions" / name, images=images, labels=labels)
    assert_both_refuse(fresh_place, stage, name)


@pytest.mark.parametrize("arrays", NO_FIT.values(), ids=NO_FIT)
def test_a_model_that_cannot_be_tested_is_found_out_before_anything_is_replaced(
    place, stage, arrays
):
    images, labels = arrays
    np.savez(place / "partitions/test.npz", images=images, labels=labels)
    before = snapshot(place)
    finished = stage.run("server.py", *words_for("server.py"), cwd=place)
    last_line = finished.stderr.splitlines()[-1]
    assert finished.status == 2 and "Traceback" not in finished.stderr
    assert last_line.startswith("server.py: the model cannot be tested on partitions/test.npz: ")
    assert snapshot(place) == before


@pytest.mark.parametrize("arrays", NO_FIT.values(), ids=NO_FIT)
def test_a_client_whose_model_cannot_train_says_so_in_a_line_and_ends(federation, arrays):
    images, labels = arrays
    np.savez(federation.directory / "partitions/client_1.npz", images=images, labels=labels)
    federation.server(rounds=1)
    client = federation.everybody()[1]
    assert client.wait() == 2
    assert "Traceback" not in client.stderr
    last_line = client.stderr.splitlines()[-1]
    assert last_line.startswith("client.py: the model cannot train on partitions/client_1.npz: ")
    assert "Your own model, your own data" in last_line


def cut_off(content):
    """Return half of it."""
    return content[: len(content) // 2]


def flip(content):
    """Return it with one byte in the middle inverted."""
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 0xFF]) + content[middle + 1 :]


DAMAGES = {
    "cut off": cut_off,
    "a byte flipped": flip,
    "empty": lambda content: b"",
    "text": lambda content: b"image,label\n" * 100,
    "nothing but zeros": lambda content: bytes(len(content)),
}


@pytest.mark.parametrize("name", ["client_1.npz", "test.npz"])
@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_partition_is_refused(fresh_place, stage, damage, name):
    path = fresh_place / "partitions" / name
    path.write_bytes(damage(path.read_bytes()))
    assert_both_refuse(fresh_place, stage, name)


def npy_file(array):
    """Return what numpy.save writes: one array, and no archive of them."""
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


@pytest.mark.parametrize("name", ["client_1.npz", "test.npz"])
def test_a_partition_of_another_kind_is_refused(fresh_place, stage, name):
    path = fresh_place / "partitions" / name
    for write in (
        lambda: np.savez(path, pictures=images(3, 28, 28), labels=LABELS),
        lambda: np.savez(path),
        lambda: path.write_bytes(npy_file(images(3, 28, 28))),
        lambda: path.unlink(),
        lambda: path.mkdir(),
    ):
        write()
        assert_both_refuse(fresh_place, stage, name)


def test_a_client_that_cannot_start_ends_the_federation_at_once_and_its_log_is_named(
    fresh_place, start_warm
):
    save_partition(fresh_place / "partitions/client_1.npz", images(3, 28, 28), LABELS[:2])
    words = ["--clients", 3, "--rounds", 1, "--address", free_address(), "--run", "results/x"]
    command = start_warm([ROOT / "federation.py", *words], fresh_place)
    assert command.wait() == 1
    last_line = command.stderr.splitlines()[-1]
    # What follows depends on whether round 0 is on record by then.
    assert last_line.removesuffix("; go on with --resume") == (
        "federation.py: client 1 cannot go on: partitions/client_1.npz is not a partition: labels are "
        "int64 (2,), not int64 (3,); remove it, and make it again with python partition.py "
        "(results/x/logs/client_1.log)"
    )
    assert "Traceback" not in command.output
    log = (fresh_place / "results/x/logs/client_1.log").read_text()
    assert log.startswith("client.py: partitions/client_1.npz")
    # Two clients are enough after half a minute; nobody has waited that long.
    assert not command.found("^Round +[12] of")
