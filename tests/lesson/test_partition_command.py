"""What `python partition.py` leaves on disk, and what it leaves when it is stopped."""

import hashlib
import json
import signal
from collections import Counter

import numpy as np
import pytest

from partition import deal_out
from tests.support.harness import PROGRAMS, ROOT, sha256, snapshot
from tests.support.lesson import settings_of
from tests.support.small import write_partitions

CLIENTS = 3
DIRICHLET = ("--scheme", "dirichlet", "--alpha", 0.2)


@pytest.fixture(scope="module")
def partitioned(shared_stage, tmp_path_factory):
    """A directory in which partition.py has run, and what it printed."""
    directory = tmp_path_factory.mktemp("partitioned")
    finished = shared_stage.run("partition.py", "--clients", CLIENTS, cwd=directory)
    assert finished.status == 0, finished.stderr
    return directory, finished.stdout


def names(clients):
    """Return the names of all files of a partitioning."""
    return {*(f"client_{number}.npz" for number in range(clients)), "test.npz", "settings.json"}


def arrays(path):
    """Return the (images, labels) of a partition file, which are as the contract says."""
    with np.load(path, allow_pickle=False) as file:
        assert set(file.files) == {"images", "labels"}
        images, labels = file["images"], file["labels"]
    assert (images.dtype, images.shape[1:]) == (np.uint8, (28, 28))
    assert (labels.dtype, labels.shape) == (np.int64, images.shape[:1])
    return images, labels


def fingerprints(images, labels):
    """Return how often each (image, label) occurs."""
    return Counter(
        (hashlib.sha256(image.tobytes()).digest(), int(label))
        for image, label in zip(images, labels, strict=True)
    )


def test_every_training_image_is_in_exactly_one_partition_with_its_label(partitioned, mnist):
    directory, _ = partitioned
    assert [entry.name for entry in directory.iterdir()] == ["partitions"]
    assert {file.name for file in (directory / "partitions").iterdir()} == names(CLIENTS)
    together = Counter()
    for number in range(CLIENTS):
        together.update(fingerprints(*arrays(directory / f"partitions/client_{number}.npz")))
    assert together.total() == 60_000
    assert together == fingerprints(mnist.images, mnist.labels)


def test_the_server_has_the_test_images_in_their_order(partitioned, mnist):
    images, labels = arrays(partitioned[0] / "partitions/test.npz")
    np.testing.assert_array_equal(images, mnist.test_images)
    np.testing.assert_array_equal(labels, mnist.test_labels)


def test_the_table_shows_the_counts(partitioned):
    directory, printed = partitioned
    files = [directory / f"partitions/client_{number}.npz" for number in range(CLIENTS)]
    counts = np.array([np.bincount(arrays(file)[1], minlength=10) for file in files])
    rows = [*enumerate(counts), ("all", counts.sum(axis=0))]
    expected = [[str(cell) for cell in (name, *row, row.sum())] for name, row in rows]
    assert [line.split() for line in printed.splitlines()[1 : CLIENTS + 2]] == expected


def test_a_second_run_leaves_no_mixture_and_the_same_settings_make_the_same_files(
    partitioned, stage, tmp_path, mnist
):
    digests = []
    for clients, *more in ((CLIENTS, "--seed", 1), (CLIENTS + 1, *DIRICHLET), (CLIENTS,)):
        finished = stage.run("partition.py", "--clients", clients, *more, cwd=tmp_path)
        assert finished.status == 0, finished.stderr
        assert {file.name for file in (tmp_path / "partitions").iterdir()} == names(clients)
        written = json.loads((tmp_path / "partitions/settings.json").read_text(encoding="utf-8"))
        files = written.pop("files")
        assert files.keys() == names(clients) - {"settings.json"}
        digests.append(sha256(tmp_path / "partitions/client_0.npz"))
        assert files["client_0.npz"] == digests[-1]
        settings = settings_of("--clients", clients, *more)
        assert written == settings
        for number, share in enumerate(deal_out(mnist.labels, settings)):
            _, labels = arrays(tmp_path / f"partitions/client_{number}.npz")
            np.testing.assert_array_equal(labels, mnist.labels[share])
    assert len(set(digests)) == 3
    assert snapshot(tmp_path) == snapshot(partitioned[0])


def paused(stage, directory, moment, **options):
    """Return partition.py, which has come to the moment when a file of the name `moment` is there."""
    words = [PROGRAMS / "pause_when.py", moment, ROOT / "partition.py"]
    command = stage.start(*words, "--clients", CLIENTS, cwd=directory, **options)
    command.wait_for("^Paused$")
    return command


@pytest.mark.parametrize(
    "moment, is_first",
    [(".partitions.unfinished", True), (".partitions.unfinished/new/client_2.npz", False)],
)
def test_a_killed_run_leaves_what_was_there_and_the_next_one_is_whole(
    partitioned, stage, tmp_path, mnist, moment, is_first
):
    if not is_first:
        write_partitions(tmp_path, mnist, sizes=[5, 6], test_size=7)
    before = snapshot(tmp_path)
    paused(stage, tmp_path, moment).kill()
    left = snapshot(tmp_path).items()
    assert {path: digest for path, digest in left if not path.startswith(".")} == before
    again = stage.run("partition.py", "--clients", CLIENTS, cwd=tmp_path)
    assert again.status == 0 and snapshot(tmp_path) == snapshot(partitioned[0])


@pytest.mark.parametrize("moment, cold", [(".partitions.unfinished", False), ("tmp*/MNIST", True)])
def test_an_interrupted_run_cleans_up_and_says_so(tmp_path, mnist, stage, moment, cold):
    write_partitions(tmp_path, mnist, sizes=[5, 6], test_size=7)
    before = snapshot(tmp_path)
    command = paused(stage, tmp_path, moment, cold=cold, TMPDIR=str(tmp_path))  # where it unpacks
    command.send(signal.SIGINT)
    assert (command.wait(), command.stderr) == (130, "partition.py: stopped\n")
    left = {path: digest for path, digest in snapshot(tmp_path).items() if "torch" not in path}
    assert left == before  # PyTorch makes a directory of its own
