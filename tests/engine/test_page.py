"""Chapter 8 claims what its recordings have, and they have what was asked for."""

from support.history import read_history

import csv
import re

import pytest

from beyond.engine.scale import Scale, read_scales
from beyond.engine.scale_picture import crossing, farthest
from tests.support.harness import ROOT
from tests.support.pages import (
    assert_is_up_to_date,
    assert_leads_somewhere,
    assert_pictures_have_words,
    targets_of,
)

FOLDER = ROOT / "beyond/engine/recorded"
CHAPTER = ROOT / "beyond/engine/README.md"
COMMAND = re.compile(r"\bpython (-m beyond\.engine\.\w+)((?:\\\n|[^`\n#])*)")
COMMANDS = sorted({found.groups() for found in COMMAND.finditer(CHAPTER.read_text())})
SCALES = {(one.engine, one.clients): one for one in read_scales(FOLDER / "scale.csv")}


@pytest.mark.parametrize("clients", [10, 30, 100])
def test_both_engines_have_come_to_the_same_model(clients):
    ours, theirs = SCALES["processes", clients], SCALES["simulation", clients]
    assert ours.rounds == theirs.rounds
    assert ours.model == theirs.model and ours.accuracy == theirs.accuracy


def test_a_thousand_clients_fit_on_a_desk():
    assert SCALES["simulation", 1000].peak_gigabytes <= 3
    assert SCALES["simulation", 1000].processes < SCALES["processes", 30].processes


def test_a_thousand_clients_with_enough_to_do_learn():
    accuracies = [row.accuracy for row in read_history(FOLDER / "thousand")]
    assert accuracies == sorted(accuracies)
    assert accuracies[-1] > SCALES["simulation", 1000].accuracy + 0.1
    assert all(row.clients == 1000 for row in read_history(FOLDER / "thousand")[1:])


def test_chapters_come_to_the_same_on_both_engines():
    with open(FOLDER / "chapters.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["chapter"] for row in rows} == {"heterogeneity", "privacy"}
    assert all(row["classic"] == row["engine"] and row["same_books"] == "True" for row in rows)


def test_lines_cross_where_they_do():
    def scale(engine, clients, seconds):
        return Scale(engine, clients, 3, 1, 0.0, seconds, 1.0, 1, 0.5, "")

    ours = [scale("processes", 10, 1.0), scale("processes", 1000, 3.0)]
    theirs = [scale("simulation", 10, 2.0), scale("simulation", 1000, 2.0)]
    assert crossing(ours + theirs, "seconds_a_round") == (10, 1000)
    assert crossing(ours + theirs, "peak_gigabytes") is None
    assert farthest(ours + theirs, "seconds_a_round") == 1.0  # 2 s are twice 1 s
    assert farthest(ours + theirs, "peak_gigabytes") == 0.0


def test_code_outputs_and_figures_are_those_of_the_files_and_the_recorded_runs():
    assert_is_up_to_date(CHAPTER)


def test_every_link_and_picture_leads_somewhere_and_has_words():
    for target in targets_of(CHAPTER):
        assert_leads_somewhere(CHAPTER, target)
    assert_pictures_have_words(CHAPTER, least=2)


@pytest.mark.parametrize("page", ["README.md", "beyond/README.md"])
def test_the_lesson_and_the_index_lead_here(page):
    folder = "beyond/engine/README.md" if page == "README.md" else "engine/README.md"
    assert folder in targets_of(ROOT / page)


@pytest.mark.parametrize("program, words", COMMANDS, ids=lambda words: words.strip() or "alone")
def test_every_command_is_there_and_has_the_options_that_the_page_types(
    stage, tmp_path, program, words
):
    chosen = re.search(r"--chapter \w+", words)
    asked = [*program.split(), *(chosen[0].split() if chosen else []), "--help"]
    finished = stage.run(*asked, cwd=tmp_path)
    assert finished.status == 0, finished
    known = re.findall(r"^ +(--[a-z0-9-]+)", finished.stdout, re.MULTILINE)
    assert set(re.findall(r"--[a-z0-9-]+", words)) <= set(known)
