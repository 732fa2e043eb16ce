"""The benchmark measures what commands and clients take, and reports the medians of that."""

import re
import subprocess
import sys
from types import SimpleNamespace

import pytest

from benchmarks import footprint, overhead
from support.command_line import RunError
from tests.support.harness import wait_until
from tests.support.shared import CLIENTS, run_at_once
from tests.support.small import HEADER

ARGS = SimpleNamespace(clients=10, rounds=10, seed=0)
BEFORE = "seconds_before_round_1"
HUNGRY = """
import subprocess, sys
held = bytearray(80_000_000)
if len(sys.argv) < 2:
    subprocess.run([sys.executable, __file__, "child"])
else:
    open("both", "w").close()
    import time
    time.sleep(0.6)
"""


def test_a_footprint_counts_a_command_and_what_it_starts(tmp_path):
    (tmp_path / "hungry.py").write_text(HUNGRY, encoding="utf-8")
    words = [sys.executable, "hungry.py"]
    found = footprint.measure(words, tmp_path, tmp_path / "log", pause=0.05)
    assert found.processes == 2 and 160e6 < found.peak_bytes < 300e6
    assert 0.6 < found.seconds < 60
    alone = footprint.measure([*words, "child"], tmp_path, tmp_path / "log", pause=0.05)
    assert alone.processes == 1 and 80e6 < alone.peak_bytes < 160e6


def test_a_command_that_fails_has_no_footprint(tmp_path):
    words = [sys.executable, "-c", "import sys; print('why'); sys.exit(3)"]
    with pytest.raises(RunError, match="ended with status 3; see .*log"):
        footprint.measure(words, tmp_path, tmp_path / "log", pause=0.05)
    assert (tmp_path / "log").read_text(encoding="utf-8") == "why\n"


def test_of_a_process_that_has_ended_nothing_is_counted():
    process = subprocess.Popen(["true"])
    ended = footprint.psutil.Process(process.pid)
    process.wait()
    wait_until(lambda: not ended.is_running(), "it has ended")
    assert footprint.memory_of(ended) == 0 and footprint._descendants(process.pid) == []


def test_a_command_is_measured_with_its_lines_and_one_that_fails_is_not(tmp_path):
    code = "import sys\nprint('one')\nsys.exit('two' in sys.argv)\n"
    (tmp_path / "spoken.py").write_text(code, encoding="utf-8")
    found = overhead.measure(["spoken"], tmp_path)
    [(when, line)] = found["lines"]
    assert line == "one\n" and 0 < when <= found["seconds"]
    with pytest.raises(RunError, match="one"):
        overhead.measure(["spoken", "two"], tmp_path)


def test_the_median_of_the_ratios_is_reported_and_not_the_best():
    pairs = [
        ({"seconds": floor}, {"seconds": total, BEFORE: before, "seconds_per_round": 1.0})
        for floor, total, before in [(10.0, 30.0, 5.0), (20.0, 24.0, 2.0), (10.0, 15.0, 3.0)]
    ]
    found = overhead.summarize(pairs, 1_500_000_000, 0.25, 1e-5, ARGS)
    assert found["ratios"] == [3.0, 1.2, 1.5] and found["ratio"] == 1.5
    assert found["floor_seconds"] == 10.0 and found["federation_seconds"] == 24.0
    assert found[BEFORE] == 3.0 and found["repetitions"] == 3
    assert found["peak_memory_gb"] == 1.5 and found["part_of_a_round_besides_training"] == 0.25


def test_when_the_first_round_began_is_read_off_its_end(monkeypatch):
    lines = [
        (4.0, "Round  0 of 3: accuracy 9.00%, loss 2.3, 0.1 s, sent\n"),
        (9.0, "Round  1 of 3: accuracy 80.00%, loss 0.5, 3.0 s, sent\n"),
        (11.0, "Client 3 left\n"),
        (14.0, "Round  2 of 3: accuracy 90.00%, loss 0.4, 5.0 s, sent\n"),
        (18.0, "Round  3 of 3: accuracy 95.00%, loss 0.3, 4.0 s, sent\n"),
    ]
    monkeypatch.setattr(overhead, "measure", lambda words, directory: {"lines": lines})
    found = overhead.measure_federation(ARGS, None)
    assert found[BEFORE] == 6.0 and found["seconds_per_round"] == 4.0


def test_what_is_not_training_is_what_is_left_of_a_round(tmp_path, monkeypatch):
    """Two clients, each with one core: rounds of 10 s with 12, 16 and 18 s of training."""
    monkeypatch.setattr(overhead, "measure", lambda words, directory: None)
    monkeypatch.setattr(overhead, "available_cores", lambda: 2)
    (tmp_path / "timed/logs").mkdir(parents=True)
    rows = [HEADER, *(f"{k},1.0,0.5,10,2,0,0,0" for k in range(4)), ""]
    (tmp_path / "timed/history.csv").write_text("\n".join(rows), encoding="utf-8")
    said = [f"Round {k}: {half} s of training\n" for k, half in ((1, 6), (2, 8), (3, 9))]
    logs = [tmp_path / f"timed/logs/client_{number}.log" for number in range(2)]
    for log in logs:
        log.write_text("".join(said), encoding="utf-8")
    args = SimpleNamespace(clients=2, seed=0)
    # 1 - 6/10, 1 - 8/10, 1 - 9/10: the median.
    assert overhead.measure_training(args, 3, tmp_path) == pytest.approx(0.2)
    logs[1].write_text("".join(said[:2]), encoding="utf-8")
    with pytest.raises(RunError, match="only 1 clients trained in round 3"):
        overhead.measure_training(args, 3, tmp_path)


def test_a_timed_client_says_how_long_it_trained(stage, workspace, tmp_path):
    program = ("-m", "benchmarks.timed_federation")
    finished = run_at_once(stage, workspace, tmp_path / "run", "--rounds", 1, program=program)
    assert finished.status == 0, finished.output
    for client in CLIENTS:
        log = (finished.run / f"logs/client_{client}.log").read_text(encoding="utf-8")
        seconds = re.search(r"^Round 1: ([0-9.]+) s of training$", log, re.MULTILINE)[1]
        assert 0 < float(seconds) < 60
