"""Real MNIST in small: a few hundred images, so that a federation takes seconds."""

import gzip
import json
import struct
from collections import namedtuple
from itertools import pairwise
from pathlib import Path

import numpy as np

from tests.support.harness import ROOT
from tests.support.lesson import settings_of

HEADER = "round,loss,accuracy,seconds,clients,failures,bytes_sent,bytes_received"
PNG = b"\x89PNG\r\n\x1a\n"  # how such a file begins
Mnist = namedtuple("Mnist", "images labels test_images test_labels")


def read_idx(name):
    """Parse an IDX archive of unsigned bytes, without torchvision."""
    with gzip.open(ROOT / f"data/MNIST/raw/{name}-ubyte.gz") as file:
        _, kind, dimensions = struct.unpack(">HBB", file.read(4))
        assert kind == 8  # unsigned byte
        shape = struct.unpack(f">{dimensions}I", file.read(4 * dimensions))
        return np.array(np.frombuffer(file.read(), np.uint8).reshape(shape))


def read_mnist():
    """Return all of MNIST as it stands in the archives: uint8 images and labels."""
    names = ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1")
    return Mnist(*map(read_idx, names))


def write_partitions(directory, mnist, sizes, test_size, seed=0):
    """Write `directory`/partitions as partition.py would, with `sizes` images for the clients."""
    folder = Path(directory, "partitions")
    folder.mkdir(parents=True)
    for client, (start, end) in enumerate(pairwise([0, *np.cumsum(sizes)])):
        path = folder / f"client_{client}.npz"
        save_partition(path, mnist.images[start:end], mnist.labels[start:end])
    save_partition(
        folder / "test.npz", mnist.test_images[:test_size], mnist.test_labels[:test_size]
    )
    settings = settings_of("--clients", len(sizes), "--seed", seed)
    (folder / "settings.json").write_text(json.dumps(settings), encoding="utf-8")


def save_partition(path, images, labels):
    """Write one partition file by hand."""
    np.savez(path, images=images, labels=labels.astype(np.int64))


def write_history(directory, accuracies):
    """Write a history.csv by hand."""
    directory.mkdir(parents=True)
    rows = [f"{number},1.5,{accuracy},0.2,3,0,10,10" for number, accuracy in enumerate(accuracies)]
    (directory / "history.csv").write_text("\n".join([HEADER, *rows, ""]), encoding="utf-8")
