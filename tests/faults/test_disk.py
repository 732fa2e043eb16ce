"""A disk fills up: the run ends with one line, and what was finished is still there."""

import errno
import os
import subprocess

import pytest

ROUNDS = 2
ROOM = 700_000  # bytes: for a few models, and no more


def assert_gave_up(server, number, status=1):
    """Check that the server ends with this status and a line that gives the reason, an error's `number`."""
    line = server.complaint(status)
    assert line.startswith("server.py: cannot write") and os.strerror(number) in line


def assert_goes_on(federation):
    """Check that all but the last round is on record, and that the run ends well with --resume."""
    assert [row.round for row in federation.history()][:ROUNDS] == list(range(ROUNDS))
    federation.server("--resume", rounds=ROUNDS).finish()
    assert federation.counts() == [(0, 0, 0), (1, 3, 0), (2, 3, 0)]
    federation.assert_record_is_whole()


FAULTS = {
    "full@2.2": errno.ENOSPC,
    "half@2.1": errno.ENOSPC,
    "limit100000@2": errno.EFBIG,  # `ulimit -f`: the model hits it in the middle
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_write_that_fails_ends_the_run_and_loses_no_finished_round(federation, fault):
    server = federation.server(rounds=ROUNDS, moment=fault)
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
    assert_gave_up(server, errno.ENOSPC)
    filler.unlink()
    assert_goes_on(federation)


def test_a_run_does_not_begin_on_a_full_disk(federation, small_disk):
    fill(small_disk)
    server = federation.server()
    assert (status := server.wait()) in (1, 2)
    assert_gave_up(server, errno.ENOSPC, status)
