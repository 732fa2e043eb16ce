"""Lines go where they are sent, whether or not there is a progress bar, and say what is on record."""

from support.history import Round
from support.terminal import RoundReport

import os
import subprocess
import sys

from tests.support.harness import PATIENCE, ROOT

ONE_ROUND = """
from support.terminal import RoundReport, say
with RoundReport(3) as report:
    report.round_started(1)
    say("a line for the file")
"""


def test_a_bar_on_the_terminal_leaves_the_lines_in_their_file(tmp_path):
    ours, terminal = os.openpty()
    with open(tmp_path / "out.txt", "wb") as file:
        subprocess.run(
            [sys.executable, "-c", ONE_ROUND],
            cwd=ROOT,
            stdout=file,
            stderr=terminal,
            timeout=PATIENCE,
            check=True,
        )
    os.close(terminal)
    drawn = os.read(ours, 100_000)
    os.close(ours)
    assert (tmp_path / "out.txt").read_text() == "a line for the file\n"
    assert b"Round 1 of 3" in drawn and b"a line" not in drawn


def test_a_rounds_line_says_what_is_on_record(capsys):
    row = Round(3, 0.31416, 0.90505, 12.345, 2, 1, bytes_sent=1_234_567, bytes_received=89_000)
    RoundReport(rounds=10).round_finished(row)
    assert capsys.readouterr().out == (
        "Round  3 of 10: accuracy 90.50%, loss 0.3142, 12.3 s, sent 1.23 MB, received 0.09 MB\n"
    )
