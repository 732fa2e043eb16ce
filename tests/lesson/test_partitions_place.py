"""Where partitions/ is, and what else is there: links, disks, a reader's data, and what systems leave."""

import errno
import json
import os
import stat
import subprocess

import pytest

from support.command_line import UserError
from support.partitions import (
    are_own_partitions,
    are_partitioned,
    partition_settings,
    replaced_partitions,
)
from tests.support.harness import snapshot
from tests.support.small import save_partition, write_partitions

SYSTEMS_OWN = [".DS_Store", "._client_0.npz", ".nfs00000000000a1b2c00000001", ".directory"]
SYSTEMS_OWN += ["Thumbs.db", "desktop.ini", "Desktop.ini", "Icon\r"]
CHECKPOINTS = ".ipynb_checkpoints/look-checkpoint.ipynb"


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """Work in a directory of one's own."""
    monkeypatch.chdir(tmp_path)


def deal(*clients):
    """Make partitions of those clients, one image each."""
    with replaced_partitions({"clients": len(clients)}) as directory:
        for name in ("test", *(f"client_{client}" for client in clients)):
            (directory / f"{name}.npz").write_text(f"images of {name}", encoding="utf-8")


def dealt(*clients):
    """Return the names of what `deal` makes."""
    return [*(f"client_{client}.npz" for client in clients), "settings.json", "test.npz"]


@pytest.fixture
def earlier(tmp_path, mnist):
    """partitions/ with small partitions of an earlier run."""
    write_partitions(tmp_path, mnist, sizes=[5, 6], test_size=7)
    return tmp_path / "partitions"


@pytest.fixture
def disk(tmp_path):
    """A directory on a disk of its own; skips the test where that is not allowed."""
    disk = tmp_path / "disk"
    disk.mkdir()
    words = ["mount", "-t", "tmpfs", "tmpfs", disk]
    if os.getuid() != 0 or subprocess.run(words, capture_output=True).returncode != 0:
        pytest.skip("may not mount a disk")
    yield disk
    subprocess.run(["umount", disk], check=True)


def names(directory):
    """Return the names of what is in the directory."""
    return sorted(os.listdir(directory))


@pytest.mark.parametrize("is_there", [True, False], ids=["to a directory", "to nowhere"])
def test_a_link_stays_and_what_it_leads_to_is_replaced(tmp_path, disk, is_there):
    if is_there:
        (disk / "data").mkdir(mode=0o700)
    (tmp_path / "partitions").symlink_to("disk/data")
    for clients in ((0, 1), (0,)):
        deal(*clients)
        assert os.readlink(tmp_path / "partitions") == "disk/data"
        assert names(disk / "data") == dealt(*clients) and names(disk) == ["data"]
        if is_there:
            assert stat.S_IMODE((disk / "data").stat().st_mode) == 0o700
    assert names(tmp_path) == ["disk", "partitions"]


def refusal():
    """Return how a partitioning refuses, which touches nothing."""
    before = snapshot(".")
    with pytest.raises(UserError) as refused:
        deal(0, 1)
    assert snapshot(".") == before
    return str(refused.value)


@pytest.mark.parametrize("link", ["gone/data", "partitions"])
def test_a_link_that_leads_nowhere_is_told(tmp_path, link):
    (tmp_path / "partitions").symlink_to(link)
    told = f"it is a link to {tmp_path / link}, which is not there"
    with pytest.raises(UserError, match=told):
        deal(0, 1)
    assert names(tmp_path) == ["partitions"] and os.readlink(tmp_path / "partitions") == link


def test_a_mounted_disk_is_told_and_a_link_helps(tmp_path, disk):
    (tmp_path / "partitions").symlink_to("disk")
    assert "let partitions be a link to a directory on that disk" in refusal()
    (tmp_path / "partitions").unlink()
    (tmp_path / "partitions").symlink_to("disk/data")
    deal(0)
    assert names(disk / "data") == dealt(0)


def test_what_systems_keep_in_any_directory_neither_disturbs_nor_goes(tmp_path):
    deal(0, 1, 2)
    partitions = tmp_path / "partitions"
    for name in (*SYSTEMS_OWN, CHECKPOINTS):
        (partitions / name).parent.mkdir(exist_ok=True)
        (partitions / name).write_text(f"content of {name!r}", encoding="utf-8")
    assert are_partitioned(partition_settings())  # so federation.py takes them for what they are
    deal(0, 1)
    assert names(partitions) == sorted([*dealt(0, 1), *SYSTEMS_OWN, CHECKPOINTS.partition("/")[0]])
    for name in (*SYSTEMS_OWN, CHECKPOINTS):
        assert (partitions / name).read_text(encoding="utf-8") == f"content of {name!r}"
    files = json.loads((partitions / "settings.json").read_text(encoding="utf-8"))["files"]
    assert {*files, "settings.json"} == set(dealt(0, 1))
    assert names(tmp_path) == ["partitions"]


@pytest.mark.parametrize("moment", ["before the new one is in place", "after it"])
def test_what_a_killed_run_has_left_is_put_right(tmp_path, moment):
    """The moments between two renames: they are too short to be met, so their traces are made here."""
    deal(0, 1)
    (tmp_path / "partitions/.DS_Store").write_text("icons", encoding="utf-8")
    work = tmp_path / ".partitions.unfinished"
    work.mkdir()
    (tmp_path / "partitions").rename(work / "old")
    if moment == "after it":
        (tmp_path / "partitions").mkdir()
        settings = json.dumps({"clients": 1, "files": {}})
        (tmp_path / "partitions/settings.json").write_text(settings, encoding="utf-8")
    deal(0)
    assert names(tmp_path) == ["partitions"]
    assert names(tmp_path / "partitions") == [".DS_Store", *dealt(0)]
    assert (tmp_path / "partitions/.DS_Store").read_text(encoding="utf-8") == "icons"


def test_the_advice_fits_whose_data_it_is(earlier, mnist):
    """One's own beside our settings, without them, without test images; and our settings, damaged."""
    settings = earlier / "settings.json"
    sums = dict.fromkeys(["client_0.npz", "client_1.npz", "test.npz"], "0" * 64)
    settings.write_text(json.dumps({"clients": 2, "files": sums}), encoding="utf-8")
    assert "or train on it: remove partitions/settings.json" in refusal()
    settings.write_text("{", encoding="utf-8")
    assert "partitions/settings.json is damaged" in refusal()
    settings.unlink()
    assert refusal() == "partitions/ holds data of your own; move it elsewhere to have MNIST there"
    (earlier / "test.npz").unlink()
    assert "add test.npz to train on it" in refusal()
    save_partition(earlier / "test.npz", mnist.images[:9], mnist.labels[:9])
    assert are_own_partitions()


STRANGERS = ["notes.txt", "photos/cat.npz", "client_0.npz.bak", "client_a.npz", "my_client_0.npz"]
STRANGERS += ["test.npz~", "settings.json5"]


@pytest.mark.parametrize("stranger", STRANGERS)
def test_what_is_not_ours_is_not_replaced_even_if_its_name_is_almost_ours(earlier, stranger):
    (earlier / stranger).parent.mkdir(exist_ok=True)
    (earlier / stranger).write_text("somebody's work", encoding="utf-8")
    name = stranger.partition("/")[0]
    assert f"partitions/{name} is nothing that partition.py has made" in refusal()


def test_a_file_in_the_place_of_the_partitions_is_told(tmp_path):
    (tmp_path / "partitions").write_text("somebody's work", encoding="utf-8")
    assert refusal() == "partitions is a file; move it elsewhere"


@pytest.mark.parametrize("name", ["client_0.npz", "client_7.npz", "test.npz"])
def test_data_that_somebody_has_put_among_ours_is_neither_used_nor_lost(earlier, mnist, name):
    """The images of the lesson are there, and somebody copies his own over them, by the names in README."""
    deal(0, 1)
    assert are_partitioned({"clients": 2})
    save_partition(earlier / name, mnist.images[:9], mnist.labels[:9])
    line = refusal()
    assert f"partitions/{name} is not the file that partition.py has made" in line
    assert "settings.json" not in line  # without it ours would be somebody's
    assert not are_partitioned({"clients": 2})  # so federation.py asks partition.py, as above


def test_settings_without_checksums_are_taken_for_ours(earlier):
    assert "files" not in json.loads((earlier / "settings.json").read_text(encoding="utf-8"))
    deal(0)
    settings = json.loads((earlier / "settings.json").read_text(encoding="utf-8"))
    assert settings["files"].keys() == {"client_0.npz", "test.npz"}


@pytest.mark.parametrize("failing", [1, 2])
def test_old_partitions_stay_when_a_move_fails(earlier, monkeypatch, failing):
    move, calls = os.replace, []

    def move_until_the_disk_is_full(*words):
        calls.append(words)
        if len(calls) == failing:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        move(*words)

    monkeypatch.setattr(os, "replace", move_until_the_disk_is_full)
    assert "cannot write partitions/" in refusal()
    assert len(calls) >= failing
