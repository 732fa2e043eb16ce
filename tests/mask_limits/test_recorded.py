"""What the page claims of one client in the sum stands in its recordings."""

import re

from pages.mask_limits.facts import PAGE, SHUFFLED, opened


def test_the_page_promises_nothing():
    assert re.findall(r"(\w+ \w+) guarantee", PAGE.render()) == ["is no"]


def test_a_key_has_28_bits():
    assert PAGE.figures["bits"] == "28"


def test_what_is_refused_tells_nothing_and_what_is_not_tells_a_lot():
    trusting, careful = map(opened, ("trusting", "careful"))
    assert {number for number, found in careful.items() if found == "refused"} == {1, 2, 3}
    assert "refused" not in trusting.values()
    read = {number: [float(trusting[number])] for number in trusting}
    for number in (4, 5, 6, 7):
        read[number].append(float(careful[number]))
    assert min(min(read[number]) for number in (1, 2, 3, 6, 7)) > 0.99
    assert min(read[4]) > 0.8 > max(read[SHUFFLED])
    refusals = PAGE.screen("refusals")
    assert re.findall(r"^Round (\d): Client 0 refuses: ", refusals, re.M) == ["1", "2", "3"]
