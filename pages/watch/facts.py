"""What pages show of the page in the browser, at a moment of a recorded run."""

import json
import os

from pages.markdown import both_themes, paragraph
from pages.page import Page
from support.events import NAME, parsed

LESSON = Page("lesson")
OWN = Page("watch")
# What replays are made of: {directory of the run: what it shows}.
REPLAYS = {
    LESSON.recorded / "lesson": "the lesson's run",
    LESSON.recorded / "faults": '"Kill one": a client dies and comes back, and so does the server',
    OWN.recorded / "iid": "the lesson's run again, with nine of the weights in its record",
    OWN.recorded / "skewed": "the same with `--scheme shards`: each client has two or three digits",
    OWN.recorded / "private": "the same with a guarantee, epsilon 8: the accuracy is what it costs",
    OWN.recorded / "hundred": "a hundred clients, in Flower's simulation",
}


def read_events(run):
    """Return the events of the lesson's recorded run of that name, without damaged lines."""
    return events_in(LESSON.recorded / run)


def events_in(directory):
    """Return the events of a run, without damaged lines."""
    lines = (directory / NAME).read_bytes().splitlines()
    return [event for line in lines if (event := parsed(line))]


def opening():
    """Print the moving picture with which README.md opens, and a still for who wants no motion."""
    film = "beyond/watch/recorded/iid/rounds"
    reduced = "(prefers-reduced-motion: reduce)"
    dark = "(prefers-color-scheme: dark)"
    sources = {f"{reduced} and {dark}": "dark.png", reduced: "light.png", dark: "dark.webp"}
    print('\n<a href="beyond/watch/recorded/iid/"><picture>')
    for media, ending in sources.items():
        print(f'  <source media="{media}" srcset="{film}.{ending}">')
    alt = "Two rounds: weights travel from a server to ten clients, and back to be averaged."
    print(f'  <img src="{film}.light.webp" width="760" alt="{alt}">\n</picture></a>\n')


def while_typing():
    """Print how to watch the lesson's run, and a picture of that."""
    paragraph(
        """**All of it at a glance:** `python -m beyond.watch`, in one more terminal, shows the run [in the
        browser](beyond/watch/README.md), live or again afterwards:"""
    )
    moment(
        "lesson",
        """A page in the browser, in the middle of round 3: the server with the global model on top; ten
        clients below, each with its images; lines between them, and five updates at the server's edge.""",
    )


def without_client_3():
    """Print the same for "Kill one"."""
    paragraph(
        """Round 2 [in the browser](beyond/watch/README.md), `python -m beyond.watch results/killed`:"""
    )
    moment(
        "faults",
        """The same page: client 3 is pale, its line broken, and its second round a ring: no answer.""",
    )


def a_late_moment():
    """Print the picture of "Kill one" as seen from the folder of this page."""
    moment(
        "faults",
        """The page at the end of a round: the server on top, ten clients below with lines between them; one
        client is pale, and its trace has a ring for the round without an answer.""",
        root="../../",
    )


def moment(run, alt, root=""):
    """Print the picture of a recorded run's page; `root` leads from the page that shows it to README.md."""
    both_themes(f"{root}recorded/{run}/watch.{{theme}}.png", alt)


def one_of_each():
    """Print one line of every kind that the recorded runs have."""
    seen = {}
    for run in (OWN.recorded / "iid", OWN.recorded / "skewed", LESSON.recorded / "faults"):
        for event in events_in(run):
            seen.setdefault(event["what"], event)
    print("\n```json")
    for event in seen.values():
        print(json.dumps(event))
    print("```\n")


def replays():
    """Print a list of the recorded runs, by what they show."""
    paragraph("Recorded runs:")
    for run, what in REPLAYS.items():
        print(f"- [{run.name}]({os.path.relpath(run, OWN.path.parent)}/): {what}")
    print()
