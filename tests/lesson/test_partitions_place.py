"""Where partitions/ is, and what else is there: links, disks, and what systems leave in any directory."""

from support.command_line import UserError
from support.partitions import replaced_partitions

import json
import os
import stat
import subprocess

import pytest

from tests.support.harness import snapshot
from tests.support.lesson import settings_of
from tests.support.small import save_partition, write_partitions

SYSTEMS_OWN = [
    ".DS_Store",
    "._client_0.npz",
    ".nfs00000000000a1b2c00000001",
    ".directory",
    "Thumbs.db",
    "desktop.ini",
    "Desktop.ini",
    "Icon\r",
]
CHECKPOINTS = ".ipynb_checkpoints/look-checkpoint.ipynb"


@pytest.fixture
def deal(tmp_path, monkeypatch):
    """deal(client, ...) makes partitions of those clients in `tmp_path`, one image each."""
    monkeypatch.chdir(tmp_path)

    def deal(*clients):
        with replaced_partitions(settings_of("--clients", max(1, len(clients)))) as directory:
            for client in clients:
                (directory / f"client_{client}.npz").write_text(f"images of {client}")

    return deal


def mount(directory):
    """Mount a disk there; skips the test where that is not allowed."""
    words = ["mount", "-t", "tmpfs", "tmpfs", directory]
    if os.getuid() != 0 or subprocess.run(words, capture_output=True).returncode != 0:
        pytest.skip("may not mount a disk")


@pytest.fixture
def disk(tmp_path):
    """A directory on a disk of its own."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount(disk)
    yield disk
    subprocess.run(["umount", disk], check=True)


def names(directory):
    """Return the names of what is in the directory."""
    return sorted(os.listdir(directory))


@pytest.mark.parametrize("is_there", [True, False], ids=["to a directory", "to nowhere"])
def test_a_link_stays_and_what_it_leads_to_is_replaced(deal, tmp_path, disk, is_there):
    if is_there:
        (disk / "data").mkdir(mode=0o700)
    (tmp_path / "partitions").symlink_to("disk/data")
    for clients in ((0, 1), (0,)):
        deal(*clients)
        assert os.readlink(tmp_path / "partitions") == "disk/data"
        ours = [*(f"client_{client}.npz" for client in clients), "settings.json"]
        assert names(disk / "data") == ours and names(disk) == ["data"]
        if is_there:
            assert stat.S_IMODE((disk / "data").stat().st_mode) == 0o700
    assert names(tmp_path) == ["disk", "partitions"]


@pytest.mark.parametrize("link", ["gone/data", "partitions"])
def test_a_link_that_leads_nowhere_is_told(stage, tmp_path, link):
    (tmp_path / "partitions").symlink_to(link)
    finished = stage.run("partition.py", "--clients", 2, cwd=tmp_path)
    assert finished.status == 2
    (line,) = finished.stderr.splitlines()
    assert f"it is a link to {tmp_path / link}, which is not there" in line
    assert names(tmp_path) == ["partitions"] and os.readlink(tmp_path / "partitions") == link


def test_a_mounted_disk_is_told_and_a_link_helps(deal, tmp_path, disk):
    (tmp_path / "partitions").symlink_to("disk")
    with pytest.raises(UserError, match="let partitions be a link to a directory on that disk"):
        deal(0)
    assert names(disk) == [] and names(tmp_path) == ["disk", "partitions"]
    (tmp_path / "partitions").unlink()
    (tmp_path / "partitions").symlink_to("disk/data")
    deal(0)
    assert names(disk / "data") == ["client_0.npz", "settings.json"]


def test_what_systems_keep_in_any_directory_neither_disturbs_nor_goes(deal, stage, tmp_path):
    deal(0, 1)
    partitions = tmp_path / "partitions"
    for name in (*SYSTEMS_OWN, CHECKPOINTS):
        (partitions / name).parent.mkdir(exist_ok=True)
        (partitions / name).write_text(f"content of {name!r}")
    finished = stage.run("partition.py", "--clients", 2, cwd=tmp_path)
    assert (finished.status, finished.stderr) == (0, "")
    ours = ["client_0.npz", "client_1.npz", "settings.json", "test.npz"]
    assert names(partitions) == sorted([*ours, *SYSTEMS_OWN, CHECKPOINTS.partition("/")[0]])
    for name in (*SYSTEMS_OWN, CHECKPOINTS):
        assert (partitions / name).read_text() == f"content of {name!r}"
    assert set(json.loads((partitions / "settings.json").read_text())["files"]) == set(ours) - {
        "settings.json"
    }
    assert names(tmp_path) == ["partitions"]


def test_federation_takes_partitions_with_a_systems_file_for_what_they_are(stage, tmp_path):
    assert stage.run("partition.py", "--clients", 2, cwd=tmp_path).status == 0
    (tmp_path / "partitions/._client_0.npz").write_text("an attribute")
    before = snapshot(tmp_path)
    done = stage.run("-c", ARE_PARTITIONED, cwd=tmp_path, cold=True)
    assert (done.stdout, done.stderr) == ("True\n", "")
    assert snapshot(tmp_path) == before


ARE_PARTITIONED = """
from support.partitions import are_partitioned, partition_settings
print(are_partitioned(partition_settings()))
"""


@pytest.mark.parametrize("moment", ["before the new one is in place", "after it"])
def test_what_a_killed_run_has_left_is_put_right(deal, tmp_path, moment):
    """The moments between two renames: they are too short to be met, so their traces are made here."""
    deal(0, 1)
    (tmp_path / "partitions/.DS_Store").write_text("icons")
    work = tmp_path / ".partitions.unfinished"
    work.mkdir()
    (tmp_path / "partitions").rename(work / "old")
    if moment == "after it":
        deal_elsewhere = tmp_path / "partitions"
        deal_elsewhere.mkdir()
        (deal_elsewhere / "settings.json").write_text(json.dumps({"clients": 1, "files": {}}))
    deal(0)
    assert names(tmp_path) == ["partitions"]
    assert names(tmp_path / "partitions") == [".DS_Store", "client_0.npz", "settings.json"]
    assert (tmp_path / "partitions/.DS_Store").read_text() == "icons"


def refusal(stage, directory):
    """Return the line with which partition.py refuses, and check that it touches nothing."""
    before = snapshot(directory)
    finished = stage.run("partition.py", "--clients", 2, cwd=directory)
    assert finished.status == 2
    (line,) = finished.stderr.splitlines()
    assert snapshot(directory) == before
    return line


def test_the_advice_fits_whose_data_it_is(stage, tmp_path, mnist):
    """One's own beside our settings, without them, without test images; and our settings, damaged."""
    write_partitions(tmp_path, mnist, sizes=[5, 6], test_size=7)
    settings = tmp_path / "partitions/settings.json"
    sums = dict.fromkeys(["client_0.npz", "client_1.npz", "test.npz"], "0" * 64)
    settings.write_text(json.dumps({"clients": 2, "files": sums}))
    assert "or train on it: remove partitions/settings.json" in refusal(stage, tmp_path)
    settings.write_text("{")
    assert "partitions/settings.json is damaged" in refusal(stage, tmp_path)
    settings.unlink()
    line = refusal(stage, tmp_path)
    assert line.endswith(
        "partitions/ holds data of your own; move it elsewhere to have MNIST there"
    )
    (tmp_path / "partitions/test.npz").unlink()
    assert "add test.npz to train on it" in refusal(stage, tmp_path)
    save_partition(tmp_path / "partitions/test.npz", mnist.images[:9], mnist.labels[:9])
    words = ["-c", "from support.partitions import are_own_partitions as own; print(own())"]
    assert stage.run(*words, cwd=tmp_path, cold=True).stdout == "True\n"
