"""The recorded events are those of the recorded runs, and the pages show them."""

import json
import re

import matplotlib.image
import numpy as np
import pytest

from pages.watch.facts import LESSON, read_events
from pages.watch.recordings import MOMENTS
from support.history import read_history
from tests.support.harness import ROOT
from tests.watch.test_events import assert_they_agree, of

PAGE = ROOT / "beyond/watch/README.md"
README = (ROOT / "README.md").read_text(encoding="utf-8")
RECORDED = LESSON.recorded


@pytest.mark.parametrize("name", MOMENTS)
def test_events_are_those_of_the_recorded_history(name):
    events, history = read_events(name), read_history(RECORDED / name)
    assert_they_agree(events, history)
    assert events[-1]["what"] == "finished"


def test_the_screens_are_of_the_same_runs():
    for name, screens in {"lesson": ["server"], "faults": ["server", "resumed"]}.items():
        text = "".join(
            (RECORDED / name / f"{screen}.txt").read_text(encoding="utf-8") for screen in screens
        )
        for row in read_history(RECORDED / name):
            line = f"Round {row.round:>2} of [0-9]+: accuracy {row.accuracy:.2%}, loss {row.loss:.4f}, "
            assert re.search(line + f"{row.seconds:.1f} s", text), row
        joined = of(read_events(name), "joined")
        assert {event["client"] for event in joined} == set(range(10))


def test_kill_one_has_lost_client_3_and_gone_on():
    events = read_events("faults")
    assert {event["client"] for event in of(events, "missing")} == {3}
    assert len(of(events, "resumed")) == 1


@pytest.mark.parametrize("name", MOMENTS)
def test_the_moment_of_the_picture_is_what_its_words_say(name):
    events = read_events(name)
    before = events[: MOMENTS[name](events)]
    if name == "lesson":
        assert before[-1]["what"] == "received" and before[-1]["round"] == 3
        assert len(of(before, "received", 3)) == 5
    else:
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


def test_the_page_names_every_kind_of_event_that_is_told():
    told = set()
    for path in (ROOT / "support").glob("*.py"):
        told |= set(re.findall(r'tell\(\s*"(\w+)"', path.read_text(encoding="utf-8")))
        told |= set(re.findall(r'(?:_tell|events\.end)\("(\w+)"', path.read_text(encoding="utf-8")))
        told |= set(re.findall(r'_announce\(client, "(\w+)"', path.read_text(encoding="utf-8")))
    table = set(
        re.findall(
            r"`(\w+)`",
            "".join(re.findall(r"^\| (`.*?) \|", PAGE.read_text(encoding="utf-8"), re.M)),
        )
    )
    assert told == table
    known = re.findall(
        r"^  (\w+)\(run",
        (ROOT / "beyond/watch/page/run.js").read_text(encoding="utf-8"),
        re.MULTILINE,
    )
    assert set(known) == told


def test_every_recorded_line_is_json():
    for name in MOMENTS:
        for line in (RECORDED / name / "events.jsonl").read_text(encoding="utf-8").splitlines():
            assert json.loads(line)["what"]
