"""A disk fills up: the run ends with one line, and what was finished is still there."""

import errno
import os
import subprocess

import pytest

ROUNDS = 3
ROOM = 700_000  # bytes: for a few models, and no more


def assert_gave_up(server, reason):
    """Check that the server ends soon, with status 1 and one line that gives the reason."""
    assert server.wait() == 1, server
    assert "Traceback" not in server.stderr
    line = server.stderr.splitlines()[-1]
    assert line.startswith("server.py: cannot write")
    assert reason in line


def assert_goes_on(federation, *words):
    """Check that the run ends well with --resume, once there is room."""
    server = federation.server("--resume", *words, rounds=ROUNDS)
    server.finish()
    assert federation.counts() == [(0, 0, 0), (1, 3, 0), (2, 3, 0), (3, 3, 0)]
    federation.assert_record_is_whole()


@pytest.mark.parametrize("fault", ["full@2.2", "half@2.1"])
def test_a_write_that_fails_ends_the_run_and_loses_no_finished_round(federation, fault):
    server = federation.server(rounds=ROUNDS, moment=fault)
    federation.everybody()
    assert_gave_up(server, os.strerror(errno.ENOSPC))
    assert [row.round for row in federation.history()][:2] == [0, 1]
    assert_goes_on(federation)


def test_a_file_that_may_not_grow_ends_the_run_and_loses_no_finished_round(federation):
    """`ulimit -f`: the model hits it in the middle."""
    server = federation.server(rounds=ROUNDS, moment="limit100000@2")
    federation.everybody()
    assert_gave_up(server, os.strerror(errno.EFBIG))
    assert [row.round for row in federation.history()][:2] == [0, 1]
    assert_goes_on(federation)


def test_a_limit_from_the_start_is_told_in_one_line(federation):
    server = federation.server(rounds=ROUNDS, moment="limit100000@0")
    assert_gave_up(server, os.strerror(errno.EFBIG))


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


def fill(disk):
    """Leave no room on the disk; return the file that takes it."""
    filler = disk / "filler"
    with open(filler, "wb", buffering=0) as file:
        try:
            while file.write(bytes(4096)):
                pass
        except OSError as error:
            assert error.errno == errno.ENOSPC
    return filler


def test_a_full_disk_ends_the_run_and_loses_no_finished_round(federation, small_disk):
    server = federation.server(rounds=ROUNDS, moment="pause@2")
    federation.everybody()
    server.wait_for("^Pausing before round 2")
    filler = fill(small_disk)
    federation.release("server")
    assert_gave_up(server, os.strerror(errno.ENOSPC))
    assert [row.round for row in federation.history()][:2] == [0, 1]
    filler.unlink()
    assert_goes_on(federation)


def test_a_run_does_not_begin_on_a_full_disk(federation, small_disk):
    fill(small_disk)
    server = federation.server()
    assert server.wait() in (1, 2), server
    line = server.stderr.splitlines()[-1]
    assert "Traceback" not in server.stderr and line.startswith("server.py: cannot write")
    assert os.strerror(errno.ENOSPC) in line
