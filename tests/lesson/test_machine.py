"""What the machine gives us: cores, of which a container may have fewer, whole files, and a terminal."""

import os
import subprocess
import sys
from subprocess import PIPE

import pytest

from support import machine
from support.files import replaced_file
from support.tables import Round
from support.terminal import RoundReport
from tests.support.harness import PATIENCE, ROOT, snapshot

CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


@pytest.mark.parametrize(
    ("membership", "files", "expected"),
    [
        ("0::/\n", {"cpu.max": "max 100000\n"}, CORES),
        ("0::/\n", {"cpu.max": "100000 100000\n"}, 1),
        ("0::/\n", {"cpu.max": "10000 100000\n"}, 1),  # a tenth of a core is a core that is slow
        ("0::/\n", {"cpu.max": f"{100_000 * CORES + 1} 100000\n"}, CORES),
        ("0::/\n", {"cpu.max": f"{100_000 * CORES - 50_000} 100000\n"}, CORES),  # rounded up
        ("0::/\n", {"cpu.max": "nonsense\n"}, CORES),
        ("0::/a/b\n", {"a/b/cpu.max": "max 100000\n", "a/cpu.max": "100000 100000\n"}, 1),
        ("0::/../outside\n", {"cpu.max": "100000 100000\n"}, 1),
        ("3:memory:/a\n1:cpu,cpuacct:/a\n0::/\n", {"cpu/a/cpu.cfs_quota_us": "100000"}, 1),
        ("1:cpu,cpuacct:/a/b\n", {"cpu/a/cpu.cfs_quota_us": "100000"}, 1),
        ("1:cpuacct,cpu:/a\n", {"cpu/a/cpu.cfs_quota_us": "-1"}, CORES),
        ("1:cpuset:/a\n", {"cpu/a/cpu.cfs_quota_us": "100000"}, CORES),
        (None, {}, CORES),
    ],
)
def test_a_containers_limit_counts(tmp_path, monkeypatch, membership, files, expected):
    """Version 2 of control groups has cpu.max, version 1 two files; groups are nested in others."""
    monkeypatch.setattr(machine, "MEMBERSHIP", tmp_path / "membership")
    monkeypatch.setattr(machine, "CONTROL_GROUPS", tmp_path / "groups")
    if membership is not None:
        (tmp_path / "membership").write_text(membership, encoding="utf-8")
    for name, content in files.items():
        file = tmp_path / "groups" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content, encoding="utf-8")
        file.with_name("cpu.cfs_period_us").write_text("100000\n", encoding="utf-8")
    assert machine.available_cores() == expected


LIMITS = """
import resource
from support.machine import make_room_for_connections
resource.setrlimit(resource.RLIMIT_NOFILE, (128, 1000))
for clients in (20, 50, 30):
    make_room_for_connections(clients)
    print(*resource.getrlimit(resource.RLIMIT_NOFILE))
"""


def test_room_is_made_as_needed_and_what_the_system_allows_stays():
    pytest.importorskip("resource")
    said = subprocess.run(
        [sys.executable, "-c", LIMITS], cwd=ROOT, capture_output=True, text=True, encoding="utf-8"
    )
    assert said.stdout.splitlines() == ["128 1000", "150 1000", "150 1000"], said.stderr


@pytest.mark.parametrize("end", [KeyboardInterrupt, SystemExit, OSError, ValueError])
@pytest.mark.parametrize("earlier", [True, False], ids=["over an earlier file", "the first time"])
def test_whoever_is_stopped_leaves_no_half_file_and_no_temporary_one(tmp_path, end, earlier):
    if earlier:
        (tmp_path / "model.npz").write_text("an earlier one", encoding="utf-8")
    before = snapshot(tmp_path)
    with pytest.raises(end), replaced_file(tmp_path / "model.npz") as file:
        file.write(b"half of")
        raise end
    assert snapshot(tmp_path) == before


def test_a_reader_meets_the_old_content_until_all_of_the_new_is_there(tmp_path):
    path = tmp_path / "model.npz"
    path.write_text("old", encoding="utf-8")
    with replaced_file(path) as file:
        file.write(b"ne")
        file.flush()
        assert path.read_text(encoding="utf-8") == "old"
        file.write(b"w")
    assert path.read_text(encoding="utf-8") == "new"
    assert [entry.name for entry in tmp_path.iterdir()] == ["model.npz"]


TWO_ROUNDS = """
from support.tables import Round
from support.terminal import RoundReport, say
with RoundReport(3) as report:
    for number in (0, 1):
        report.round_started(number)
        say(f"a line in round {number}")
        report.round_finished(Round(number, 1.5, 0.5, 0.2, 3, 0, 10, 10))
        print("done:", report.bar.tasks[0].completed)
"""


def test_a_bar_on_the_terminal_counts_rounds_and_leaves_the_lines_in_their_stream():
    ours, terminal = os.openpty()
    words, streams = [sys.executable, "-c", TWO_ROUNDS], {"stdout": PIPE, "stderr": terminal}
    done = subprocess.run(words, cwd=ROOT, timeout=PATIENCE, check=True, **streams)
    os.close(terminal)
    drawn = os.read(ours, 100_000)
    os.close(ours)
    lines = done.stdout.decode().splitlines()
    assert lines[::3] == ["a line in round 0", "a line in round 1"]
    assert lines[2::3] == ["done: 0", "done: 1"]
    assert b"Round 1 of 3" in drawn and b"a line" not in drawn


def test_a_rounds_line_says_what_is_on_record(capsys):
    row = Round(3, 0.31416, 0.90505, 12.345, 2, 1, bytes_sent=1_234_567, bytes_received=89_000)
    RoundReport(rounds=10).round_finished(row)
    assert capsys.readouterr().out == (
        "Round  3 of 10: accuracy 90.50%, loss 0.3142, 12.3 s, sent 1.23 MB, received 0.09 MB\n"
    )
