"""What `python partition.py` leaves on disk, and what it leaves when it is stopped or may not write there."""

import errno
import hashlib
import json
import os
import signal
from collections import Counter

import numpy as np
import pytest

from support.command_line import UserError
from support.partitions import are_partitioned, replaced_partitions
from tests.support.harness import PROGRAMS, ROOT, sha256, snapshot
from tests.support.lesson import settings_of
from tests.support.small import save_partition, write_partitions

CLIENTS = 3


@pytest.fixture(scope="module")
def partitioned(shared_stage, tmp_path_factory):
    """A directory in which partition.py has run, and what it printed."""
    directory = tmp_path_factory.mktemp("partitioned")
    finished = shared_stage.run("partition.py", "--clients", CLIENTS, cwd=directory)
    assert finished.status == 0, finished.stderr
    return directory, finished.stdout


@pytest.fixture
def earlier(tmp_path, mnist, monkeypatch):
    """A directory with small partitions of an earlier run."""
    write_partitions(tmp_path, mnist, sizes=[5, 6], test_size=7)
    monkeypatch.chdir(tmp_path)
    return tmp_path


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
    partitioned, stage, tmp_path
):
    digests = []
    for clients, seed in ((CLIENTS, 1), (CLIENTS - 1, 0), (CLIENTS, 0)):
        finished = stage.run("partition.py", "--clients", clients, "--seed", seed, cwd=tmp_path)
        assert finished.status == 0, finished.stderr
        assert {file.name for file in (tmp_path / "partitions").iterdir()} == names(clients)
        written = json.loads((tmp_path / "partitions/settings.json").read_text(encoding="utf-8"))
        digests.append(sha256(tmp_path / "partitions/client_0.npz"))
        assert written.pop("files")["client_0.npz"] == digests[-1]
        assert written == settings_of("--clients", clients, "--seed", seed)
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
def test_an_interrupted_run_cleans_up_and_says_so(earlier, stage, moment, cold):
    before = snapshot(earlier)
    command = paused(stage, earlier, moment, cold=cold, TMPDIR=str(earlier))  # where it unpacks
    command.send(signal.SIGINT)
    assert (command.wait(), command.stderr) == (130, "partition.py: stopped\n")
    left = {path: digest for path, digest in snapshot(earlier).items() if "torch" not in path}
    assert left == before  # PyTorch makes a directory of its own


def refusal(directory, clients=2):
    """Return how a partitioning refuses to replace what is there, which stays as it is."""
    before = snapshot(directory)
    with pytest.raises(UserError) as refused, replaced_partitions({"clients": clients}):
        raise AssertionError("it has begun")
    assert snapshot(directory) == before
    return str(refused.value)


STRANGERS = ["notes.txt", "photos/cat.npz", "client_0.npz.bak", "client_a.npz", "my_client_0.npz"]
STRANGERS += ["test.npz~", "settings.json5"]


@pytest.mark.parametrize("stranger", STRANGERS)
def test_what_is_not_ours_is_not_replaced_even_if_its_name_is_almost_ours(earlier, stranger):
    (earlier / "partitions" / stranger).parent.mkdir(exist_ok=True)
    (earlier / "partitions" / stranger).write_text("somebody's work", encoding="utf-8")
    name = stranger.partition("/")[0]
    assert f"partitions/{name} is nothing that partition.py has made" in refusal(earlier)


def test_a_file_in_the_place_of_the_partitions_is_told_in_one_line(stage, tmp_path):
    (tmp_path / "partitions").write_text("somebody's work", encoding="utf-8")
    finished = stage.run("partition.py", "--clients", 2, cwd=tmp_path)
    assert (finished.status, finished.stderr) == (
        2,
        "partition.py: partitions is a file; move it elsewhere\n",
    )
    assert (tmp_path / "partitions").read_text(encoding="utf-8") == "somebody's work"


@pytest.mark.parametrize("name", ["client_0.npz", "client_7.npz", "test.npz"])
@pytest.mark.parametrize("clients", [2, 3])
def test_data_that_somebody_has_put_among_ours_is_neither_used_nor_lost(
    earlier, mnist, name, clients
):
    """The images of the lesson are there, and somebody copies his own over them, by the names in README."""
    with replaced_partitions({"clients": 2}) as new:
        for file in ("client_0.npz", "client_1.npz", "test.npz"):
            save_partition(new / file, mnist.images[:5], mnist.labels[:5])
    save_partition(earlier / "partitions" / name, mnist.images[:9], mnist.labels[:9])
    line = refusal(earlier, clients)
    assert f"partitions/{name} is not the file that partition.py has made" in line
    assert "settings.json" not in line  # without it ours would be somebody's
    assert not are_partitioned({"clients": clients})  # so federation.py asks partition.py, as above


def test_settings_without_checksums_are_taken_for_ours(earlier):
    file = earlier / "partitions/settings.json"
    assert "files" not in json.loads(file.read_text(encoding="utf-8"))
    with replaced_partitions({"clients": 1}) as new:
        (new / "client_0.npz").write_text("new", encoding="utf-8")
    assert set(json.loads(file.read_text(encoding="utf-8"))["files"]) == {"client_0.npz"}


@pytest.mark.parametrize("failing", [1, 2])
def test_old_partitions_stay_when_a_move_fails(earlier, monkeypatch, failing):
    before = snapshot(earlier)
    move, calls = os.replace, []

    def move_until_the_disk_is_full(*words):
        calls.append(words)
        if len(calls) == failing:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        move(*words)

    monkeypatch.setattr(os, "replace", move_until_the_disk_is_full)
    complaint = pytest.raises(UserError, match="cannot write partitions/")
    with complaint, replaced_partitions({"clients": 1}) as directory:
        (directory / "client_0.npz").write_text("new", encoding="utf-8")
    assert len(calls) >= failing
    assert snapshot(earlier) == before
