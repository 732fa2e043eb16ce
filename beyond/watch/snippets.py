"""What pages show of this one: the page in the browser, at a moment of a recorded run."""

import json

from beyond.watch.picture import MOMENTS, RECORDED, read_events
from tools.snippets import say


def while_typing():
    """Print how to watch the lesson's run, and a picture of that."""
    say(
        """**All of it at a glance:** `python -m beyond.watch`, in one more terminal, shows the run [in the
        browser](beyond/watch/README.md), live or again afterwards:"""
    )
    both_themes(
        "lesson",
        """A page in the browser. The server waits in the middle of round 3, with the accuracy so far as a
        curve; below it ten cards, one for each client with its images: five have answered, the others train
        or are still to be sent weights.""",
    )


def without_client_3():
    """Print the same for "Kill one"."""
    say(
        """Round 2 [in the browser](beyond/watch/README.md), `python -m beyond.watch results/killed`:"""
    )
    both_themes(
        "faults",
        """The same page: the card of client 3 has a warning sign and says gone; nine have answered.""",
    )


def a_late_moment():
    """Print the picture of "Kill one" as seen from this folder."""
    both_themes(
        "faults",
        """The page at the end of a round: the server with its figures and the accuracy as a curve, ten
        cards for ten clients, one of them with a warning sign, and the controls of the replay.""",
        root="../../",
    )


def both_themes(name, alt, root=""):
    """Print the picture of a recorded run's page, for light and dark; `alt` says in words what it shows.

    `root` leads from the page that shows it to the repository's root.
    """
    folder = f"{root}recorded/{name}"
    print(
        f'\n<picture>\n  <source media="(prefers-color-scheme: dark)" srcset="{folder}/watch.dark.png">\n'
        f'  <img src="{folder}/watch.light.png" width="760" alt="{" ".join(alt.split())}">\n</picture>\n'
    )


def one_of_each():
    """Print one line of every kind that the two recorded runs have."""
    seen = {}
    for name in MOMENTS:
        for event in read_events(RECORDED / name):
            seen.setdefault(event["what"], event)
    print("\n```json")
    for event in seen.values():
        print(json.dumps(event))
    print("```\n")
