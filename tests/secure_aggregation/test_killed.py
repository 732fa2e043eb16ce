"""A SuperNode is killed in a masked round: the others' shares open the sum, and no round is lost."""

import pytest

from beyond.secure_aggregation import killed
from support.command_line import UserError
from support.tables import read_history
from tests.support.ports import free_address


@pytest.mark.thorough
def test_no_masked_round_is_lost_with_a_supernode(make_place):
    place = make_place([60] * 6)
    words = ["--clients", 6, "--rounds", 5, "--address", free_address(), "--round-timeout", 40]
    place.run_watched("-m", "beyond.secure_aggregation.killed", *words, moment="^-- ")
    rows = read_history(place.directory / "results/drill")
    assert [row.clients for row in rows] == [0, 6, 6, 5, 5, 5]  # the third is when it is killed


def test_without_one_of_five_no_masks_are_made():
    with pytest.raises(UserError, match="without one of 5 clients no masks are made; change"):
        killed.parse(["--clients", "5"])
    assert killed.parse(["--clients", "6"]).shares == 6
