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


ROUNDS_0_AND_1 = """
from support.history import Round
from support.terminal import RoundReport
with RoundReport(3) as report:
    for number in (0, 1):
        report.round_finished(Round(number, 1.5, 0.5, 0.2, 3, 0, 10, 10))
        print("done:", report.bar.tasks[0].completed)
"""


def on_a_terminal(program, path):
    """Run a program whose stderr is a terminal and whose stdout is the file `path`; return what was drawn."""
    ours, terminal = os.openpty()
    with open(path, "wb") as file:
        words = [sys.executable, "-c", program]
        streams = {"stdout": file, "stderr": terminal}
        subprocess.run(words, cwd=ROOT, timeout=PATIENCE, check=True, **streams)
    os.close(terminal)
    drawn = os.read(ours, 100_000)
    os.close(ours)
    return drawn


def test_a_bar_on_the_terminal_leaves_the_lines_in_their_file(tmp_path):
    drawn = on_a_terminal(ONE_ROUND, tmp_path / "out.txt")
    assert (tmp_path / "out.txt").read_text() == "a line for the file\n"
    assert b"Round 1 of 3" in drawn and b"a line" not in drawn


def test_the_bar_counts_the_rounds_of_training(tmp_path):
    on_a_terminal(ROUNDS_0_AND_1, tmp_path / "out.txt")
    lines = (tmp_path / "out.txt").read_text().splitlines()
    assert [line for line in lines if line.startswith("done")] == ["done: 0", "done: 1"]


def test_a_rounds_line_says_what_is_on_record(capsys):
    row = Round(3, 0.31416, 0.90505, 12.345, 2, 1, bytes_sent=1_234_567, bytes_received=89_000)
    RoundReport(rounds=10).round_finished(row)
    assert capsys.readouterr().out == (
        "Round  3 of 10: accuracy 90.50%, loss 0.3142, 12.3 s, sent 1.23 MB, received 0.09 MB\n"
    )
