"""What `python partition.py` leaves on disk, and what it leaves when it is killed."""

from support.command_line import UserError
from support.partitions import replaced_partitions

import errno
import hashlib
import json
import os
import signal
from collections import Counter

import numpy as np
import pytest

from tests.support.harness import PROGRAMS, sha256, snapshot
from tests.support.lesson import settings_of
from tests.support.ports import idle_address
from tests.support.small import save_partition, write_partitions


@pytest.fixture(scope="module")
def partitioned(repository_copy, shared_stage, tmp_path_factory):
    """A directory in which partition.py has run for seven clients, and what it printed."""
    directory = tmp_path_factory.mktemp("partitioned")
    finished = shared_stage.run(repository_copy / "partition.py", "--clients", 7, cwd=directory)
    assert finished.status == 0, finished.stderr
    return directory, finished


def names(clients):
    """Return the names of all files of a partitioning."""
    return {*(f"client_{number}.npz" for number in range(clients)), "test.npz", "settings.json"}


def arrays(path):
    """Return the (images, labels) of a partition file."""
    with np.load(path, allow_pickle=False) as file:
        assert set(file.files) == {"images", "labels"}
        return file["images"], file["labels"]


def fingerprints(images, labels):
    """Return how often each (image, label) occurs."""
    return Counter(
        (hashlib.sha256(image.tobytes()).digest(), int(label))
        for image, label in zip(images, labels, strict=True)
    )


def test_every_training_image_is_in_exactly_one_partition_with_its_label(partitioned, mnist):
    directory, _ = partitioned
    assert {file.name for file in (directory / "partitions").iterdir()} == names(7)
    together = Counter()
    for number in range(7):
        together.update(fingerprints(*arrays(directory / f"partitions/client_{number}.npz")))
    assert together.total() == 60_000
    assert together == fingerprints(mnist.images, mnist.labels)


def test_the_server_has_the_test_images_in_their_order(partitioned, mnist):
    images, labels = arrays(partitioned[0] / "partitions/test.npz")
    np.testing.assert_array_equal(images, mnist.test_images)
    np.testing.assert_array_equal(labels, mnist.test_labels)


def test_partition_files_hold_what_the_contract_says(partitioned):
    for file in (partitioned[0] / "partitions").glob("*.npz"):
        images, labels = arrays(file)
        assert (images.dtype, images.shape[1:]) == (np.uint8, (28, 28))
        assert (labels.dtype, labels.shape) == (np.int64, images.shape[:1])


def test_the_table_shows_the_counts(partitioned):
    directory, finished = partitioned
    lines = [line.split() for line in finished.stdout.splitlines()]
    table = {
        line[0]: list(map(int, line[1:]))
        for line in lines
        if len(line) == 12 and line[0] != "client"
    }
    counts = {
        str(number): np.bincount(
            arrays(directory / f"partitions/client_{number}.npz")[1], minlength=10
        )
        for number in range(7)
    }
    counts["all"] = sum(counts.values())
    assert table == {name: [*row.tolist(), row.sum()] for name, row in counts.items()}


def test_only_the_partitions_are_left_in_the_directory(partitioned):
    assert [entry.name for entry in partitioned[0].iterdir()] == ["partitions"]


def test_a_second_run_leaves_no_mixture_of_old_and_new(
    partitioned, repository_copy, stage, tmp_path
):
    command = repository_copy / "partition.py"
    digests = {}
    for clients, seed in ((3, 0), (2, 0), (3, 1), (3, 0)):
        finished = stage.run(command, "--clients", clients, "--seed", seed, cwd=tmp_path)
        assert finished.status == 0, finished.stderr
        assert {file.name for file in (tmp_path / "partitions").iterdir()} == names(clients)
        written = json.loads((tmp_path / "partitions/settings.json").read_text())
        digest = sha256(tmp_path / "partitions/client_0.npz")
        assert written.pop("files")["client_0.npz"] == digest
        assert written == settings_of("--clients", clients, "--seed", seed)
        assert (
            digests.setdefault((clients, seed), digest) == digest
        )  # the same settings, the same file
    assert len(set(digests.values())) == 3
    assert [entry.name for entry in tmp_path.iterdir()] == ["partitions"]


def paused(stage, repository_copy, directory, moment, **options):
    """Return partition.py, which has come to the moment when a file of the name `moment` is there."""
    words = [PROGRAMS / "pause_when.py", moment, repository_copy / "partition.py", "--clients", 4]
    command = stage.start(*words, cwd=directory, **options)
    command.wait_for("^Paused$")
    return command


def whole(directory):
    """Return whether `directory` holds complete partitions of all of MNIST."""
    clients = json.loads((directory / "settings.json").read_text())["clients"]
    assert {file.name for file in directory.iterdir()} == names(clients)
    images = sum(len(arrays(directory / f"client_{number}.npz")[1]) for number in range(clients))
    return images == 60_000 and len(arrays(directory / "test.npz")[1]) == 10_000


@pytest.mark.parametrize(
    "earlier", [True, False], ids=["over earlier partitions", "the first time"]
)
@pytest.mark.parametrize(
    "moment", [".partitions.unfinished", ".partitions.unfinished/new/client_3.npz"]
)
def test_a_killed_run_leaves_partitions_whole_or_absent(
    repository_copy, stage, tmp_path, mnist, earlier, moment
):
    before = None
    if earlier:
        write_partitions(tmp_path, mnist, sizes=[5, 6], test_size=7)
        before = snapshot(tmp_path / "partitions")
    paused(stage, repository_copy, tmp_path, moment).kill()
    partitions = tmp_path / "partitions"
    assert partitions.exists() or not earlier  # absent only if they have never been there
    assert not partitions.exists() or snapshot(partitions) == before or whole(partitions)
    again = stage.run(repository_copy / "partition.py", "--clients", 4, cwd=tmp_path)
    assert again.status == 0 and whole(partitions)
    assert [entry.name for entry in tmp_path.iterdir()] == ["partitions"]


def test_an_interrupted_run_cleans_up_and_says_so(repository_copy, stage, tmp_path, mnist):
    write_partitions(tmp_path, mnist, sizes=[5, 6], test_size=7)
    before = snapshot(tmp_path)
    command = paused(stage, repository_copy, tmp_path, ".partitions.unfinished")
    command.send(signal.SIGINT)
    assert (command.wait(), command.stderr) == (130, "partition.py: stopped\n")
    assert snapshot(tmp_path) == before


@pytest.mark.parametrize(
    "stranger", ["partitions/notes.txt", "partitions/photos/cat.npz", "partitions"]
)
def test_what_is_not_ours_is_not_replaced(repository_copy, stage, tmp_path, stranger):
    (tmp_path / stranger).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / stranger).write_text("somebody's work")
    before = snapshot(tmp_path)
    finished = stage.run(repository_copy / "partition.py", "--clients", 2, cwd=tmp_path)
    assert finished.status == 2
    assert len(finished.stderr.splitlines()) == 1
    assert finished.stderr.startswith("partition.py: partitions")
    assert snapshot(tmp_path) == before


def test_an_interrupted_run_leaves_nothing_that_it_has_unpacked(repository_copy, stage, tmp_path):
    there = {"cold": True, "TMPDIR": str(tmp_path)}
    command = paused(stage, repository_copy, tmp_path, "tmp*/MNIST", **there)
    command.send(signal.SIGINT)
    assert (command.wait(), command.stderr) == (130, "partition.py: stopped\n")
    assert not list(tmp_path.glob("tmp*")) and not list(tmp_path.glob("*partitions*"))


ALMOST_OURS = ["client_0.npz.bak", "client_a.npz", "my_client_0.npz", "test.npz~", "settings.json5"]


@pytest.mark.parametrize("stranger", ALMOST_OURS)
def test_a_stranger_among_our_files_is_not_replaced_because_its_name_begins_like_ours(
    stage, tmp_path, mnist, stranger
):
    write_partitions(tmp_path, mnist, sizes=[5, 6], test_size=7)
    (tmp_path / "partitions" / stranger).write_text("somebody's work")
    before = snapshot(tmp_path)
    finished = stage.run("partition.py", "--clients", 2, cwd=tmp_path)
    assert finished.status == 2
    assert f"partitions/{stranger} is nothing that partition.py has made" in finished.stderr
    assert snapshot(tmp_path) == before


@pytest.mark.parametrize("name", ["client_0.npz", "client_7.npz", "test.npz"])
@pytest.mark.parametrize("clients", [2, 3])
def test_data_that_somebody_has_put_among_ours_is_neither_used_nor_lost(
    repository_copy, stage, tmp_path, mnist, name, clients
):
    """The images of the lesson are there, and somebody copies his own over them, by the names in README."""
    assert stage.run("partition.py", "--clients", 2, cwd=tmp_path).status == 0
    save_partition(tmp_path / "partitions" / name, mnist.images[:9], mnist.labels[:9])
    before = snapshot(tmp_path)
    for words in (["partition.py"], ["federation.py", "--address", idle_address()]):
        finished = stage.run(*words, "--clients", clients, cwd=tmp_path)
        assert finished.status == 2
        assert f"partitions/{name} is not the file that partition.py has made" in finished.stderr
        assert "settings.json" not in finished.stderr  # without it ours would be somebody's
        assert snapshot(tmp_path) == before


@pytest.mark.parametrize("sums", [7, ["client_0.npz"]])
def test_settings_without_checksums_are_those_of_an_earlier_version(stage, tmp_path, mnist, sums):
    write_partitions(tmp_path, mnist, sizes=[5, 6], test_size=7)
    file = tmp_path / "partitions/settings.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "files": sums}))
    finished = stage.run("partition.py", "--clients", 2, cwd=tmp_path)
    assert (finished.status, finished.stderr) == (0, "")
    assert set(json.loads(file.read_text())["files"]) == {
        "client_0.npz",
        "client_1.npz",
        "test.npz",
    }


@pytest.mark.parametrize("failing", [1, 2])
def test_old_partitions_stay_when_a_rename_fails(tmp_path, mnist, monkeypatch, failing):
    write_partitions(tmp_path, mnist, sizes=[5, 6], test_size=7)
    before = snapshot(tmp_path)
    monkeypatch.chdir(tmp_path)
    rename, calls = os.rename, []

    def rename_until_the_disk_is_full(*words):
        calls.append(words)
        if len(calls) == failing:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        rename(*words)

    monkeypatch.setattr(os, "rename", rename_until_the_disk_is_full)
    complaint = pytest.raises(UserError, match="cannot write partitions/")
    with complaint, replaced_partitions(settings_of("--clients", 1)) as directory:
        (directory / "client_0.npz").write_text("new")
    assert len(calls) >= failing
    assert snapshot(tmp_path) == before
