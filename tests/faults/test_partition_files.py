"""A partition file that is damaged, or saved in another way: one line that names it, and says what to do."""

from pathlib import Path

import numpy as np
import pytest

from support.command_line import UserError
from support.partitions import load_partition
from tests.support.bad_values import DAMAGES, saved
from tests.support.complaints import words_for
from tests.support.harness import ROOT, snapshot
from tests.support.ports import free_address
from tests.support.small import save_partition

IMAGES = np.arange(12, dtype=np.float64).reshape(3, 4)
LABELS = np.array([0, 2, 1])
GAPS = np.where(np.arange(12).reshape(3, 4) == 6, np.nan, IMAGES)
SAVE = "save it with np.savez(FILE, images=images, labels=labels)"
CLASSES = "number the classes from 0"
ALIKE = "make it numbers, all rows alike: np.stack(rows).astype(np.float32)"
WRONG = {  # what is saved, and what the line ends with
    "narrow labels": ({"labels": LABELS.astype(np.int32)}, "labels.astype(np.int64)"),
    "floats as labels": ({"labels": LABELS.astype(np.float64)}, "labels.astype(np.int64)"),
    "bools as labels": ({"labels": LABELS > 0}, "labels.astype(np.int64)"),
    "a column of labels": ({"labels": LABELS[:, None]}, "labels.reshape(-1).astype(np.int64)"),
    "one-hot labels": ({"labels": np.eye(3)}, "labels.argmax(axis=1).astype(np.int64)"),
    "halves as labels": ({"labels": LABELS / 2}, CLASSES),
    "classes below 0": ({"labels": LABELS - 1}, CLASSES),
    "names as labels": ({"labels": np.array([*"acb"])}, "np.searchsorted(sorted_classes, labels)"),
    "fewer labels": ({"labels": LABELS[:2]}, "save one label for every image"),
    "no image": ({"images": IMAGES[:0], "labels": LABELS[:0]}, "number the others from 0"),
    "bools": ({"images": IMAGES > 3}, "images.astype(np.float32)"),
    "a row of numbers": ({"images": IMAGES[0]}, "or however many numbers make an example"),
    "gaps": ({"images": GAPS}, "first in row 1; fill the gaps, or drop such rows"),
    "objects": ({"images": np.array([[1], [2, 3], None], dtype=object)}, ALIKE),
    "objects as labels": ({"labels": np.array([1, "two", None], dtype=object)}, ALIKE),
    "other names": ({"images": None, "x": IMAGES}, SAVE),
    "nothing": ({"images": None, "labels": None}, SAVE),
}


@pytest.fixture
def file(tmp_path):
    """The path of a partition that is not there yet."""
    return tmp_path / "client_0.npz"


def refusal(file):
    """Return the one line with which a file is refused."""
    with pytest.raises(UserError) as refused:
        load_partition(file)
    assert "\n" not in str(refused.value)
    return str(refused.value)


@pytest.mark.parametrize("change, end", WRONG.values(), ids=WRONG)
def test_data_that_is_no_partition_is_refused_with_a_way_to_save_it(file, change, end):
    arrays = {"images": IMAGES, "labels": LABELS, **change}
    np.savez(file, **{name: array for name, array in arrays.items() if array is not None})
    line = refusal(file)
    assert line.startswith(f"{file} is not a partition: ") and line.endswith(end)
    assert "partition.py" not in line
    file.with_name("settings.json").touch()  # what partition.py leaves beside its own
    assert refusal(file).endswith("; remove it, and make it again with python partition.py")


@pytest.mark.parametrize("fault", ["narrow labels", "floats as labels", "a column of labels"])
def test_what_the_line_says_is_enough(file, fault):
    labels = WRONG[fault][0]["labels"]
    np.savez(file, images=IMAGES, labels=labels)
    remedy = refusal(file).rpartition("save them with ")[2]
    np.savez(file, images=IMAGES, labels=eval(remedy, {"labels": labels, "np": np}))
    assert load_partition(file)[1].tolist() == LABELS.tolist()


def test_the_order_of_a_numbers_bytes_does_not_matter(file):
    np.savez(file, images=IMAGES.astype(">f4"), labels=LABELS.astype(">i8"))
    images, labels = load_partition(file)
    assert (images.dtype, labels.dtype) == (np.float32, np.int64)
    assert np.array_equal(images, IMAGES) and np.array_equal(labels, LABELS)


PARTITION = saved(np.savez, images=IMAGES, labels=LABELS)
OTHER_FILES = {name: damage(PARTITION) for name, damage in DAMAGES.items()}
OTHER_FILES["one array"] = saved(np.save, IMAGES)
del OTHER_FILES["last bit flipped"]  # of the length of the archive's comment, which is not there


@pytest.mark.parametrize("content", OTHER_FILES.values(), ids=OTHER_FILES)
def test_a_damaged_file_is_named(file, content):
    file.write_bytes(content)
    assert str(file) in refusal(file)


def test_what_is_no_file_is_named(file):
    file.mkdir()
    for path in (file, file.with_name("client_1.npz")):
        assert refusal(path).startswith(f"there is no {path}; ")


class Trap:
    """What leaves a file behind when it is unpickled, because unpickling runs what the pickle says."""

    def __reduce__(self):
        return Path.touch, (Path("sprung").resolve(),)


@pytest.mark.parametrize("trapped", ["images", "labels"])
def test_no_partition_is_ever_unpickled(tmp_path, monkeypatch, trapped):
    monkeypatch.chdir(tmp_path)
    arrays = {"images": IMAGES, "labels": LABELS, trapped: np.array([Trap()], dtype=object)}
    np.savez("client_0.npz", **arrays)
    assert "client_0.npz is not a partition: an array holds Python" in refusal("client_0.npz")
    assert not Path("sprung").exists()
    np.load("client_0.npz", allow_pickle=True)[trapped]  # what shows that this can fail
    assert Path("sprung").exists()


# Sound partitions, but not for the lesson's network

BLACK = np.zeros((3, 28, 28), np.uint8)
NO_FIT = {
    "wrong image shape": (BLACK[:, :, :11], LABELS),
    "flat images": (BLACK.reshape(3, -1), LABELS),
    "a label of ten": (BLACK, np.array([1, 10, 3])),
}


@pytest.mark.parametrize("arrays", NO_FIT.values(), ids=NO_FIT)
def test_a_model_that_cannot_be_tested_is_found_out_before_anything_is_replaced(
    place, stage, arrays
):
    save_partition(place / "partitions/test.npz", *arrays)
    before = snapshot(place)
    line = stage.start("server.py", *words_for("server.py"), cwd=place).complaint()
    assert line.startswith("server.py: the model cannot be tested on partitions/test.npz: ")
    assert snapshot(place) == before


@pytest.mark.parametrize("arrays", NO_FIT.values(), ids=NO_FIT)
def test_a_client_whose_model_cannot_train_says_so_in_a_line_and_ends(federation, arrays):
    save_partition(federation.directory / "partitions/client_1.npz", *arrays)
    federation.server(rounds=1)
    line = federation.everybody()[1].complaint()
    assert line.startswith("client.py: the model cannot train on partitions/client_1.npz: ")
    assert "Your own model, your own data" in line


def test_a_client_that_cannot_start_ends_the_federation_at_once_and_its_log_is_named(
    place, start_warm
):
    save_partition(place / "partitions/client_1.npz", BLACK, LABELS[:2])
    words = ["--clients", 3, "--rounds", 1, "--address", free_address(), "--run", "results/x"]
    command = start_warm([ROOT / "federation.py", *words], place)
    # What follows depends on whether round 0 is on record by then.
    assert command.complaint(status=1).removesuffix("; go on with --resume") == (
        "federation.py: client 1 cannot go on: partitions/client_1.npz is not a partition: labels are "
        "int64 (2,), not int64 (3,); remove it, and make it again with python partition.py "
        "(results/x/logs/client_1.log)"
    )
    log = (place / "results/x/logs/client_1.log").read_text(encoding="utf-8")
    assert log.startswith("client.py: partitions/client_1.npz")
    # Two clients are enough after half a minute; the federation has not waited that long.
    assert not command.found("^Round +[12] of")
