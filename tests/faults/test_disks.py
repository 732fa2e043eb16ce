"""Disks that fill up, that know no modes and no locks, or that hold another user's files."""

import errno
import os
import pwd
import subprocess
import sys

import pytest

from tests.programs.refusing import NUMBERS
from tests.support.complaints import complaint, words_for
from tests.support.harness import PROGRAMS, ROOT, snapshot

REFUSING = PROGRAMS / "refusing.py"
SHARED_FOLDER = "chmod:EPERM,flock:ENOLCK,fsync:EINVAL"
ROOM = 700_000  # bytes: for a few models, and no more
STRANGER = 64321  # nobody has this number
needs_seccomp = pytest.mark.skipif(
    sys.platform != "linux" or not NUMBERS, reason="needs Linux on a machine that we know"
)
needs_root = pytest.mark.skipif(os.getuid() != 0, reason="needs root, to give files away")


def assert_gave_up(server, number, status=1):
    """Check that the server ends with this status and a line that gives the reason, an error's `number`."""
    line = server.complaint(status)
    assert line.startswith("server.py: cannot write") and os.strerror(number) in line


def assert_goes_on(federation):
    """Check that all but the last of two rounds is on record, and that the run ends well with --resume."""
    assert federation.counts()[:2] == [(0, 0, 0), (1, 3, 0)]
    federation.server("--resume").finish()
    assert federation.counts() == [(0, 0, 0), (1, 3, 0), (2, 3, 0)]
    federation.assert_record_is_whole()


FAULTS = {
    "full@2.2": errno.ENOSPC,
    "half@2.1": errno.ENOSPC,
    "limit100000@2": errno.EFBIG,  # `ulimit -f`: the model hits it in the middle
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_write_that_fails_ends_the_run_and_loses_no_finished_round(federation, fault):
    server = federation.server(moment=fault)
    federation.everybody()
    assert_gave_up(server, FAULTS[fault])
    assert_goes_on(federation)


def test_a_limit_from_the_start_is_told_in_one_line(federation):
    assert_gave_up(federation.server(moment="limit100000@0"), errno.EFBIG)


@pytest.fixture
def small_disk(federation):
    """A disk of its own for the run's directory; skips the test where that is not allowed."""
    federation.run.mkdir(parents=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={ROOM}", "tmpfs", federation.run]
    if os.getuid() != 0 or subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("may not mount a disk")
    yield federation.run
    federation.stage.clear()
    subprocess.run(["umount", federation.run], check=True)


def test_a_full_disk_ends_a_run_lets_none_begin_and_loses_no_finished_round(federation, small_disk):
    server = federation.server(moment="pause@2")
    federation.everybody()
    server.wait_for("^Pausing before round 2")
    filler = small_disk / "filler"
    with filler.open("wb", buffering=0) as file, pytest.raises(OSError, match="No space left"):
        while file.write(bytes(4096)):
            pass
    federation.release("server")
    assert_gave_up(server, errno.ENOSPC)
    another = federation.server()
    assert (status := another.wait()) in (1, 2)
    assert_gave_up(another, errno.ENOSPC, status)
    filler.unlink()
    assert_goes_on(federation)


REFUSED = """
import fcntl, os
file = os.open("file", os.O_RDWR | os.O_CREAT)
for call, *words in ((os.chmod, "file", 0o600), (fcntl.flock, file, 2), (os.fsync, file)):
    try:
        print(call(*words))
    except OSError as error:
        print(error.strerror)
"""


@needs_seccomp
def test_the_calls_are_refused_indeed(stage, tmp_path):
    """What the next tests stand on."""
    (tmp_path / "calls.py").write_text(REFUSED, encoding="utf-8")
    said = stage.run(REFUSING, SHARED_FOLDER, tmp_path / "calls.py", cwd=tmp_path).stdout
    assert said == "Operation not permitted\nNo locks available\nInvalid argument\n"


@needs_seccomp
def test_a_run_is_recorded_where_modes_and_locks_are_refused(federation):
    """Twice: the second run replaces the files of the first."""
    words = ["--clients", 3, "--rounds", 1, "--address", federation.address, "--run", "results/run"]
    for more in ([], [], ["--resume", "--rounds", 2]):
        server = federation.stage.start(
            REFUSING, SHARED_FOLDER, ROOT / "server.py", *words, *more, cwd=federation.directory
        )
        federation.finish(server)
        federation.assert_record_is_whole()
    assert federation.counts() == [(0, 0, 0), (1, 3, 0), (2, 3, 0)]


@needs_seccomp
@pytest.mark.parametrize("program", ["plot_accuracy.py", "partition.py"])
def test_a_second_picture_and_second_partitions_replace_the_first_there(stage, place, program):
    finished = stage.run(REFUSING, SHARED_FOLDER, ROOT / program, cwd=place)
    assert (finished.status, finished.stderr) == (0, "")


@needs_root
@pytest.mark.parametrize(
    "given, words",
    [
        ("results", ["server.py", *words_for("server.py", "--run", "results/new")]),
        ("results/fedavg", ["server.py", *words_for("server.py")]),
        ("results/fedavg/state.zip", ["server.py", *words_for("server.py", "--resume")]),
        ("results/fedavg/history.csv", ["plot_accuracy.py"]),
        ("results/fedavg", ["plot_accuracy.py"]),
        ("partitions", ["partition.py"]),
    ],
)
def test_who_is_refused_another_users_files_is_told_whose_they_are(place, stage, given, words):
    os.chown(place / given, STRANGER, -1)
    (place / given).chmod(0o755 if (place / given).is_dir() else 0o600)
    before = snapshot(place)
    program, *words = words
    finished = stage.run(REFUSING, "others", ROOT / program, *words, cwd=place)
    line = complaint(finished, program).replace(f"{place}/", "")
    assert line.startswith(f"{program}: cannot ")
    assert f"Permission denied, because {given} belongs to user {STRANGER}" in line
    assert snapshot(place) == before


@needs_root
def test_a_user_with_a_name_is_named_and_what_is_ours_blames_nobody(place, stage):
    name, number = next((user.pw_name, user.pw_uid) for user in pwd.getpwall() if user.pw_uid)
    run = place / "results/fedavg"
    words = [REFUSING, "others", ROOT / "plot_accuracy.py"]
    os.chown(run, number, -1)
    assert f"results/fedavg belongs to {name};" in stage.run(*words, cwd=place).stderr
    os.chown(run, 0, -1)
    run.chmod(0o555)
    line = stage.run(*words, cwd=place).stderr
    assert "Permission denied; choose another --output" in line and "belongs" not in line
