"""The page claims what its recordings have, and these have what was asked for."""

import re

import pytest

from pages.wire.facts import PAGE, room_rows, wire_rows


@pytest.mark.parametrize("name", ["wiretap", "smugglers"])
def test_no_byte_is_unexplained(name):
    text = PAGE.screen(name)
    sums = r"carried ([\d,]+) bytes; the ledger has ([\d,]+), unexplained 0$"
    carried, ledger = re.search(sums, text, re.MULTILINE).groups()
    table = wire_rows(name)
    assert carried == ledger == f"{sum(row['all'] for row in table.values()):,}"
    assert all(row["unexplained"] == 0 for row in table.values())


def test_eight_controls_are_caught_and_two_are_not():
    text = PAGE.screen("smugglers")
    assert set(re.findall(r"^FOUND image 0 of client (\d)", text, re.M)) == set("01234578")
    assert "are image 0 of client 9, exactly" in text
    assert "FOUND" not in PAGE.screen("wiretap")


def test_some_bits_of_weights_cost_no_accuracy_and_hold_many_images():
    reached = {bits: accuracy for bits, _, accuracy in room_rows()}
    assert reached[0] - reached[16] < 0.1
    assert all(images == round(46_730 * bits / 8 / 784, 1) for bits, images, _ in room_rows())
