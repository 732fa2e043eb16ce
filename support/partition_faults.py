"""What is wrong with the arrays of a partition, and how to save them well."""

import numpy as np

SAVE = "save it with np.savez(FILE, images=images, labels=labels)"
OBJECTS = (
    "an array holds Python objects, such as rows of different lengths",
    "make it numbers, all rows alike: np.stack(rows).astype(np.float32)",
)


def fault_in(arrays):
    """Return (what is wrong, what to do) with the arrays of a partition, {name: array}, or None."""
    if not {"images", "labels"} <= set(arrays):
        return f"it holds {' and '.join(arrays) or 'nothing'}, not images and labels", SAVE
    images, labels = arrays["images"], arrays["labels"]
    return _fault_in_images(images) or _fault_in_labels(images, labels)


def _fault_in_images(images):
    found = f"images are {images.dtype} {images.shape}, not numbers (n, ...)"
    if not np.issubdtype(images.dtype, np.number):
        return found, "save them with images.astype(np.float32)"
    if images.ndim < 2:
        return (
            found,
            "save them with images.reshape(-1, 1), or however many numbers make an example",
        )
    if np.issubdtype(images.dtype, np.inexact) and not np.isfinite(images).all():
        row = int(np.argmin(np.isfinite(images.reshape(len(images), -1)).all(axis=1)))
        return (
            f"images hold NaN or infinity, first in row {row}",
            "fill the gaps, or drop such rows",
        )
    return None


def _fault_in_labels(images, labels):
    found = f"labels are {labels.dtype} {labels.shape}, not int64 ({len(images)},)"
    if labels.ndim == 2 and len(labels) == len(images):
        way = "reshape(-1)" if labels.shape[1] == 1 else "argmax(axis=1)"
        return found, f"save them with labels.{way}.astype(np.int64)"
    if labels.shape != images.shape[:1]:
        return found, "save one label for every image"
    if labels.dtype.kind not in "iufb":
        return found, (
            "number the classes from 0, in all files alike: np.searchsorted(sorted_classes, labels)"
        )
    if labels.dtype.kind == "f" and (labels != np.rint(labels)).any():
        return f"{found}, and no whole numbers", "number the classes from 0"
    if labels.dtype != np.int64:
        return found, "save them with labels.astype(np.int64)"
    if len(labels) == 0:
        return "it holds no image", "leave that file out, and number the others from 0"
    if labels.min() < 0:
        return f"the lowest label is {labels.min()}", "number the classes from 0"
    return None
