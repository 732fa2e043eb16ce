"""The page claims what its recordings have, and these have what was asked for."""

import re

import pytest

from pages.wire.facts import PAGE, wire_rows


@pytest.mark.parametrize("name", ["wiretap", "smugglers"])
def test_no_byte_is_unexplained(name):
    text = PAGE.screen(name)
    sums = r"carried ([\d,]+) bytes; the ledger has ([\d,]+), unexplained 0$"
    carried, ledger = re.search(sums, text, re.MULTILINE).groups()
    table = wire_rows(name)
    assert carried == ledger == f"{sum(row['all'] for row in table.values()):,}"
    assert all(row["unexplained"] == 0 for row in table.values())


def test_controls_are_caught_and_low_bits_are_not():
    text = PAGE.screen("smugglers")
    assert set(re.findall(r"^FOUND image 0 of client (\d)", text, re.M)) == {"0", "1", "2"}
    assert "are image 0 of client 3, exactly" in text
    assert "FOUND" not in PAGE.screen("wiretap")
