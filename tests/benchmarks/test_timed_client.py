"""The clients with a clock, which the benchmark of the overhead listens to."""

import re

from tests.support.shared import CLIENTS, run_at_once


def test_a_timed_client_says_how_long_it_trained(stage, workspace, tmp_path):
    program = ("-m", "benchmarks.timed_federation")
    finished = run_at_once(stage, workspace, tmp_path / "run", "--rounds", 1, program=program)
    assert finished.status == 0, finished.output
    for client in CLIENTS:
        log = (finished.run / f"logs/client_{client}.log").read_text(encoding="utf-8")
        seconds = re.search(r"^Round 1: ([0-9.]+) s of training$", log, re.MULTILINE)[1]
        assert 0 < float(seconds) < 60
