"""Lines go where they are sent, whether or not there is a progress bar, and say what is on record."""

from support.history import Round
from support.terminal import RoundReport

import os
import subprocess
import sys

from tests.support.harness import PATIENCE, ROOT

TWO_ROUNDS = """
from support.history import Round
from support.terminal import RoundReport, say
with RoundReport(3) as report:
    for number in (0, 1):
        report.round_started(number)
        say(f"a line in round {number}")
        report.round_finished(Round(number, 1.5, 0.5, 0.2, 3, 0, 10, 10))
        print("done:", report.bar.tasks[0].completed)
"""


def test_a_bar_on_the_terminal_counts_rounds_and_leaves_the_lines_in_their_file(tmp_path):
    ours, terminal = os.openpty()
    with open(tmp_path / "out.txt", "wb") as file:
        words = [sys.executable, "-c", TWO_ROUNDS]
        streams = {"stdout": file, "stderr": terminal}
        subprocess.run(words, cwd=ROOT, timeout=PATIENCE, check=True, **streams)
    os.close(terminal)
    drawn = os.read(ours, 100_000)
    os.close(ours)
    lines = (tmp_path / "out.txt").read_text().splitlines()
    assert lines[::3] == ["a line in round 0", "a line in round 1"]
    assert lines[2::3] == ["done: 0", "done: 1"]
    assert b"Round 1 of 3" in drawn and b"a line" not in drawn


def test_a_rounds_line_says_what_is_on_record(capsys):
    row = Round(3, 0.31416, 0.90505, 12.345, 2, 1, bytes_sent=1_234_567, bytes_received=89_000)
    RoundReport(rounds=10).round_finished(row)
    assert capsys.readouterr().out == (
        "Round  3 of 10: accuracy 90.50%, loss 0.3142, 12.3 s, sent 1.23 MB, received 0.09 MB\n"
    )
