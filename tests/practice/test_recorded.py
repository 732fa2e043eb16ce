"""The page shows what a check says, to the letter."""

import re

from beyond.practice.__main__ import main
from pages.page import Page
from pages.practice.recordings import ARRAYS, PLAIN, WEIGHTED, answer
from tests.practice.answers import verdict_on

PAGE = Page("practice")


def in_one_line(screen):
    """Return a recorded screen with lines that were wrapped in one."""
    return " ".join(PAGE.screen(screen).split())


def test_the_plain_mean_is_told_what_the_page_shows(tmp_path):
    (line,) = verdict_on("fedavg", answer(PLAIN), tmp_path)["fault"]
    assert line in in_one_line("wrong")


def test_the_right_answer_takes_the_steps_that_the_page_shows(tmp_path):
    verdict = verdict_on("fedavg", answer(WEIGHTED, ARRAYS), tmp_path)
    assert not verdict["fault"]
    shown = re.findall(r"^right +(.*?) *$", PAGE.screen("right"), re.MULTILINE)
    assert shown == [*verdict["passed"], "a real federation of 2 clients"]


def test_the_recorded_federation_has_learned():
    first, *_, last = map(float, re.findall(r"([\d.]+)%", PAGE.screen("right")))
    assert first < 20 and last > 75


def test_a_beginning_is_what_the_page_shows(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    main(["3"])
    assert capsys.readouterr().out == PAGE.screen("begun")
