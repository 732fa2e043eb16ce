"""The page claims what its recordings have, and these have what was asked for."""

import re

from pages.access.facts import PAGE


def test_the_stranger_is_let_in_by_superlink_and_turned_away_by_the_proxy():
    inside, outside = PAGE.screen("stranger").split("A stranger at the proxy's port")
    assert "403" not in inside and outside.count("403 Forbidden") == 3


def test_behind_nginx_a_stranger_takes_less_of_superlinks_memory():
    rows = re.findall(r" (\d+) +(\d+) +(\d+)$", PAGE.screen("flood"), re.MULTILINE)
    figures = [tuple(map(int, row)) for row in rows]
    assert len(figures) == 3
    assert all(outside < inside for _, inside, outside in figures)
    assert all(outside - before < 20 for before, _, outside in figures[:2])
    assert figures[2][2] < 600
