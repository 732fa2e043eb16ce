"""What a server reads of one client in the sum, and what is left of a key."""

import re

from beyond.mask_limits.targeted import ATTACKS
from pages.markdown import table
from pages.page import Page

PAGE = Page("mask_limits")
SAME, SHUFFLED = 3, 5  # attacks: the round again as it was, and with images in another order


def figures():
    """Return the figures that sentences quote, as text, by name."""
    strength = PAGE.screen("limits")
    return {
        "shuffled": opened("careful")[SHUFFLED],
        "shuffled_trusting": opened("trusting")[SHUFFLED],
        "same": opened("trusting")[SAME],
        "bits": re.search(r"they have (\d+) bits", strength)[1],
        "hours": re.search(r"key: ([\d.]+) hours", strength)[1],
    }


def opened(clients):
    """Return {round: correlation of what the server has read, or "refused"} of a recorded run, as text."""
    lines = PAGE.screen(f"opened_{clients}").splitlines()
    found = [re.search(r"correlation (\S+)$", line) for line in lines]
    return {number: match[1] if match else "refused" for number, match in enumerate(found, 1)}


def targeted_table():
    """Print what a server reads of one client's update, of clients that trust it and of ours."""
    trusting, careful = opened("trusting"), opened("careful")
    rows = [
        [attack.words, trusting[number], careful[number]]
        for number, attack in enumerate(ATTACKS, 1)
    ]
    table(["what the server does", "Flower's clients", "ours"], rows)
