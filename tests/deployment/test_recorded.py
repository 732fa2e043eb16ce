"""The page claims what their recordings have, and these have what was asked for."""

import re

import pytest

from pages.deployment.facts import PAGE, drill

SILENCE = 60  # seconds after which Flower notices that a ClientApp has died


@pytest.mark.parametrize("name", ["node", "clientapp", "superexec", "superlink", "serverapp"])
def test_a_drill_has_all_rounds_and_loses_what_it_must(name):
    rows = drill(name)
    assert [row["round"] for row in rows] == list(range(len(rows)))
    assert rows[-1]["clients"] == rows[1]["clients"] - (name == "node")


def test_a_round_loses_the_clients_whose_process_was_killed_and_no_others():
    for name, most in (("clientapp", 1), ("superexec", 2)):
        rows = drill(name)
        seconds = [row["seconds"] for row in rows]
        assert 1 <= sum(row["failures"] for row in rows) <= most
        assert max(seconds) < min(seconds[1:]) + SILENCE


def test_neither_superlinks_end_nor_the_serverapps_changes_the_model():
    ends = [PAGE.screen(f"fault_{name}") for name in ("superlink", "serverapp")]
    told, other = (re.findall(r"^Round \d+: .* accuracy ([\d.]+%)", end, re.M) for end in ends)
    assert told == other and len(told) == 6
