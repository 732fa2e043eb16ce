"""The chapter's page says what is true: its code, outputs, figures, links, pictures and commands."""

import re

import pytest

from tests.support.harness import ROOT
from tests.support.pages import (
    assert_is_up_to_date,
    assert_leads_somewhere,
    assert_pictures_have_words,
    targets_of,
)

CHAPTER = ROOT / "beyond/heterogeneity/README.md"
PAGES = [CHAPTER, ROOT / "beyond/README.md"]
COMMAND = re.compile(r"\bpython ((?:-m )?[\w.]+)((?:\\\n|[^`\n#])*)")
COMMANDS = sorted({found.groups() for found in COMMAND.finditer(CHAPTER.read_text())})


def test_code_outputs_and_figures_are_those_of_the_files_and_the_recorded_runs():
    assert_is_up_to_date(CHAPTER)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_relative_link_and_picture_leads_somewhere(page):
    for target in targets_of(page):
        assert_leads_somewhere(page, target)


def test_the_lesson_leads_here():
    readme = ROOT / "README.md"
    targets = [target for target in targets_of(readme) if target.startswith("beyond/heterogeneity")]
    assert targets
    for target in targets:
        assert_leads_somewhere(readme, target)


def test_every_picture_says_in_words_what_it_shows():
    assert_pictures_have_words(CHAPTER, least=6)


def test_the_page_types_every_command_of_the_chapter_that_is_for_readers():
    typed = " ".join(program for program, _ in COMMANDS)
    for name in ("federation", "baselines", "bands", "compare", "mcmahan", "partition_plot"):
        assert f"-m beyond.heterogeneity.{name}" in typed


@pytest.mark.parametrize("program, words", COMMANDS, ids=lambda words: words.strip() or "alone")
def test_every_command_is_there_and_has_the_options_that_the_page_types(
    stage, tmp_path, program, words
):
    finished = stage.run(*program.split(), "--help", cwd=tmp_path)
    assert finished.status == 0, finished
    known = re.findall(r"^ +(--[a-z0-9-]+)", finished.stdout, re.MULTILINE)
    assert set(re.findall(r"--[a-z0-9-]+", words)) <= set(known)
