"""What a disk refuses that knows no modes and no locks, and what is refused because it is another user's."""

import os
import pwd
import sys

import pytest

from tests.programs.refusing import NUMBERS
from tests.support.complaints import complaint, words_for
from tests.support.harness import PROGRAMS, ROOT, snapshot

REFUSING = PROGRAMS / "refusing.py"
SHARED_FOLDER = "chmod:EPERM,flock:ENOLCK,fsync:EINVAL"
STRANGER = 64321  # nobody has this number
needs_seccomp = pytest.mark.skipif(
    sys.platform != "linux" or not NUMBERS, reason="needs Linux on a machine that we know"
)
needs_root = pytest.mark.skipif(os.getuid() != 0, reason="needs root, to give files away")

REFUSED = """
import fcntl, os
for call in (lambda: os.chmod("file", 0o600), lambda: fcntl.flock(3, 2), lambda: os.fsync(3)):
    try:
        os.dup2(os.open("file", os.O_RDWR), 3)
        print(call())
    except OSError as error:
        print(error.strerror)
"""


@needs_seccomp
def test_the_calls_are_refused_indeed(stage, tmp_path):
    """What the next tests stand on."""
    (tmp_path / "file").touch()
    (tmp_path / "calls.py").write_text(REFUSED, encoding="utf-8")
    words = [REFUSING, SHARED_FOLDER, tmp_path / "calls.py"]
    said = stage.run(*words, cwd=tmp_path).stdout.splitlines()
    assert said == ["Operation not permitted", "No locks available", "Invalid argument"]


@needs_seccomp
def test_a_run_is_recorded_where_modes_and_locks_are_refused(federation):
    """Twice: the second run replaces the files of the first."""
    words = ["--clients", 3, "--rounds", 1, "--address", federation.address, "--run", "results/run"]
    for more in ([], [], ["--resume", "--rounds", 2]):
        server = federation.stage.start(
            REFUSING, SHARED_FOLDER, ROOT / "server.py", *words, *more, cwd=federation.directory
        )
        federation.everybody()
        server.finish()
        federation.assert_record_is_whole()
    assert federation.counts() == [(0, 0, 0), (1, 3, 0), (2, 3, 0)]


@needs_seccomp
@pytest.mark.parametrize("program", ["plot_accuracy.py", "partition.py"])
def test_a_second_picture_and_second_partitions_replace_the_first_there(stage, place, program):
    finished = stage.run(REFUSING, SHARED_FOLDER, ROOT / program, cwd=place)
    assert (finished.status, finished.stderr) == (0, "")


@pytest.fixture
def somebody_elses(place):
    """give(path) makes a path in `place` belong to a stranger."""

    def give(path):
        os.chown(place / path, STRANGER, -1)
        (place / path).chmod(0o755 if (place / path).is_dir() else 0o600)

    yield give
    for path in place.rglob("*"):
        os.chown(path, 0, -1)


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
def test_who_is_refused_another_users_files_is_told_whose_they_are(
    place, stage, somebody_elses, given, words
):
    somebody_elses(given)
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
