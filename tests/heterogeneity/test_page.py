"""The chapter's page says what is true: its code, outputs, figures, links and pictures."""

import pytest

from tests.support.harness import ROOT
from tests.support.pages import (
    assert_is_up_to_date,
    assert_leads_somewhere,
    assert_pictures_have_words,
    targets_of,
)

CHAPTER = ROOT / "beyond/heterogeneous_data.md"
PAGES = [CHAPTER, ROOT / "beyond/README.md"]


def test_code_outputs_and_figures_are_those_of_the_files_and_the_recorded_runs():
    assert_is_up_to_date(CHAPTER)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_relative_link_and_picture_leads_somewhere(page):
    for target in targets_of(page):
        assert_leads_somewhere(page, target)


def test_the_lesson_leads_here():
    readme = ROOT / "README.md"
    targets = [target for target in targets_of(readme) if target.startswith("beyond/")]
    assert targets
    for target in targets:
        assert_leads_somewhere(readme, target)


def test_every_picture_says_in_words_what_it_shows():
    assert_pictures_have_words(CHAPTER, least=6)
