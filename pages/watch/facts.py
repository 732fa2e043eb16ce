"""What pages show of the page in the browser, at a moment of a recorded run."""

import json

from pages.markdown import both_themes, paragraph
from pages.page import Page
from support.events import NAME, parsed

LESSON = Page("lesson")
RUNS = ("lesson", "faults")


def read_events(run):
    """Return the events of a recorded run, without damaged lines."""
    lines = (LESSON.recorded / run / NAME).read_bytes().splitlines()
    return [event for line in lines if (event := parsed(line))]


def while_typing():
    """Print how to watch the lesson's run, and a picture of that."""
    paragraph(
        """**All of it at a glance:** `python -m beyond.watch`, in one more terminal, shows the run [in the
        browser](beyond/watch/README.md), live or again afterwards:"""
    )
    moment(
        "lesson",
        """A page in the browser. The server waits in the middle of round 3, with the accuracy so far as a
        curve; below it ten cards, one for each client with its images: five have answered, the others train
        or are still to be sent weights.""",
    )


def without_client_3():
    """Print the same for "Kill one"."""
    paragraph(
        """Round 2 [in the browser](beyond/watch/README.md), `python -m beyond.watch results/killed`:"""
    )
    moment(
        "faults",
        """The same page: the card of client 3 has a warning sign and says gone; nine have answered.""",
    )


def a_late_moment():
    """Print the picture of "Kill one" as seen from the folder of this page."""
    moment(
        "faults",
        """The page at the end of a round: the server with its figures and the accuracy as a curve, ten
        cards for ten clients, one of them with a warning sign, and the controls of the replay.""",
        root="../../",
    )


def moment(run, alt, root=""):
    """Print the picture of a recorded run's page; `root` leads from the page that shows it to README.md."""
    both_themes(f"{root}recorded/{run}/watch.{{theme}}.png", alt)


def one_of_each():
    """Print one line of every kind that the recorded runs have."""
    seen = {}
    for run in RUNS:
        for event in read_events(run):
            seen.setdefault(event["what"], event)
    print("\n```json")
    for event in seen.values():
        print(json.dumps(event))
    print("```\n")
