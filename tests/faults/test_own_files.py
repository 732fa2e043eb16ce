"""A reader's own data, saved in another way: one line that says how to save it."""

from support.command_line import UserError
from support.partitions import load_partition

import numpy as np
import pytest

IMAGES = np.arange(12, dtype=np.float64).reshape(3, 4)
LABELS = np.array([0, 2, 1])
GAPS = IMAGES.copy()
GAPS[1, 2] = np.nan
WRONG = {  # what is saved, and what the line ends with
    "narrow labels": ({"labels": LABELS.astype(np.int32)}, "labels.astype(np.int64)"),
    "floats as labels": ({"labels": LABELS.astype(np.float64)}, "labels.astype(np.int64)"),
    "bools as labels": ({"labels": LABELS > 0}, "labels.astype(np.int64)"),
    "a column of labels": ({"labels": LABELS[:, None]}, "labels.reshape(-1).astype(np.int64)"),
    "one-hot labels": ({"labels": np.eye(3)}, "labels.argmax(axis=1).astype(np.int64)"),
    "halves as labels": ({"labels": LABELS / 2}, "number the classes from 0"),
    "classes below 0": ({"labels": LABELS - 1}, "number the classes from 0"),
    "names as labels": (
        {"labels": np.array(["ant", "cat", "bee"])},
        "np.searchsorted(sorted_classes, labels)",
    ),
    "fewer labels": ({"labels": LABELS[:2]}, "save one label for every image"),
    "bools": ({"images": IMAGES > 3}, "images.astype(np.float32)"),
    "gaps": ({"images": GAPS}, "first in row 1; fill the gaps, or drop such rows"),
    "objects": (
        {"images": np.array([[1], [2, 3], None], dtype=object)},
        "np.stack(rows).astype(np.float32)",
    ),
    "other names": ({"images": None, "x": IMAGES}, "np.savez(FILE, images=images, labels=labels)"),
}


@pytest.mark.parametrize("change, end", WRONG.values(), ids=WRONG)
def test_data_that_is_no_partition_is_refused_with_a_way_to_save_it(tmp_path, change, end):
    file = tmp_path / "client_0.npz"
    arrays = {"images": IMAGES, "labels": LABELS, **change}
    arrays = {name: array for name, array in arrays.items() if array is not None}
    np.savez(file, **arrays)
    with pytest.raises(UserError) as refused:
        load_partition(file)
    assert str(refused.value).startswith(f"{file} is not a partition: ")
    assert str(refused.value).endswith(end) and "\n" not in str(refused.value)
    assert "partition.py" not in str(refused.value)
    (tmp_path / "settings.json").write_text("{}")  # what partition.py leaves beside its own
    with pytest.raises(UserError, match="remove it, and make it again with python partition.py$"):
        load_partition(file)


@pytest.mark.parametrize("kind", ["labels.astype(np.int64)", "labels.reshape(-1).astype(np.int64)"])
def test_what_the_line_says_is_enough(tmp_path, kind):
    file = tmp_path / "client_0.npz"
    labels = LABELS[:, None].astype(np.int16) if "reshape" in kind else LABELS.astype(np.float32)
    np.savez(file, images=IMAGES, labels=labels)
    with pytest.raises(UserError) as refused:
        load_partition(file)
    remedy = str(refused.value).rpartition("save them with ")[2]
    assert remedy == kind
    np.savez(file, images=IMAGES, labels=eval(remedy, {"labels": labels, "np": np}))
    assert load_partition(file)[1].tolist() == LABELS.tolist()


def test_the_order_of_a_numbers_bytes_does_not_matter(tmp_path):
    file = tmp_path / "client_0.npz"
    np.savez(file, images=IMAGES.astype(">f4"), labels=LABELS.astype(">i8"))
    images, labels = load_partition(file)
    assert (images.dtype, labels.dtype) == (np.float32, np.int64)
    assert images.dtype.isnative and labels.dtype.isnative
    assert np.array_equal(images, IMAGES) and np.array_equal(labels, LABELS)
