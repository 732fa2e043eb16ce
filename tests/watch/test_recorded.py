"""The recorded events are those of the recorded runs, and the pages show them."""

import re

import matplotlib.image
import numpy as np
import pytest

from pages.watch.facts import LESSON, read_events
from pages.watch.recordings import MOMENTS
from support.tables import read_history
from tests.support.harness import ROOT
from tests.watch.test_events import assert_they_agree, events_in, of

PAGE = ROOT / "beyond/watch/README.md"
README = (ROOT / "README.md").read_text(encoding="utf-8")
RECORDED = LESSON.recorded


@pytest.mark.parametrize("name", MOMENTS)
def test_events_are_those_of_the_recorded_history(name):
    events, history = events_in(RECORDED / name), read_history(RECORDED / name)
    assert_they_agree(events, history)
    assert events[-1]["what"] == "finished"


@pytest.mark.parametrize(
    "name, screens", [("lesson", ["server"]), ("faults", ["server", "resumed"])]
)
def test_the_screens_are_of_the_same_runs(name, screens):
    paths = (RECORDED / name / f"{screen}.txt" for screen in screens)
    text = "".join(path.read_text(encoding="utf-8") for path in paths)
    for row in read_history(RECORDED / name):
        line = f"Round {row.round:>2} of [0-9]+: accuracy {row.accuracy:.2%}, loss {row.loss:.4f}, "
        assert re.search(line + f"{row.seconds:.1f} s", text), row
    assert {event["client"] for event in of(read_events(name), "joined")} == set(range(10))


def test_the_lessons_picture_is_of_round_3_when_half_of_its_updates_are_in():
    events = read_events("lesson")
    before = events[: MOMENTS["lesson"](events)]
    assert before[-1]["what"] == "received" and before[-1]["round"] == 3
    assert len(of(before, "received", 3)) == 5


def test_kill_one_has_lost_client_3_which_its_picture_shows_and_gone_on():
    events = read_events("faults")
    assert {event["client"] for event in of(events, "missing")} == {3}
    assert len(of(events, "resumed")) == 1
    before = events[: MOMENTS["faults"](events)]
    (missing,) = of(before, "missing")
    assert len(of(before, "received", missing["round"])) == 9


@pytest.mark.parametrize("name", MOMENTS)
def test_there_is_a_light_and_a_dark_picture_and_the_readme_shows_them(name):
    means = []
    for scheme in ("light", "dark"):
        path = RECORDED / name / f"watch.{scheme}.png"
        assert f"recorded/{name}/watch.{scheme}.png" in README
        means.append(np.mean(matplotlib.image.imread(path)[..., :3]))
    assert means[0] > 0.7 > 0.35 > means[1]


def test_every_kind_of_event_is_in_the_table_has_a_sentence_and_must_be_whole(javascript):
    told = {event["what"] for name in MOMENTS for event in read_events(name)}
    rows = "".join(re.findall(r"^\| (`.*?) \|", PAGE.read_text(encoding="utf-8"), re.M))
    table = re.findall(r"`(\w+)`", rows)
    assert told < set(table)  # some happen in no recorded run: refused, left_out, stopped
    code = """return given.map((what) => {
        const bare = events.parsed(JSON.stringify({ seconds: 1, what }));
        const named = { what, name: "", reason: "", asked: [], took: 0, bytes: 0, accuracy: 0, loss: 0 };
        return [words.sentence(named) !== what, bare === null];
    })"""
    answers = dict(zip(table, javascript(code, table), strict=True))
    assert answers.pop("finished") == [True, False]  # it has no more to say
    assert set(map(tuple, answers.values())) == {(True, True)}
