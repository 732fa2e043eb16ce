"""What is recorded of the price: accuracies by point."""

import functools
import math

from beyond.price.grid import searched_epsilon, settings_key
from beyond.price.measure import COLUMNS
from beyond.price.search import COLUMNS as SEARCH_COLUMNS
from beyond.price.search import SOUGHT
from pages.page import Page
from support.tables import read_table

PAGE = Page("price")


@functools.cache
def rows():
    """Return the recorded lines of price.csv."""
    return read_table(PAGE.recorded / "price.csv", COLUMNS)


def rows_at(clients, scheme, epsilon=8.0, **other):
    """Return the lines of all seeds at a point: of edges, with noise on the sum, or as `other` says."""
    wanted = {"network": "edges", "privacy": "central", **other}
    wanted |= {"clients": clients, "scheme": scheme, "epsilon": epsilon}
    return [row for row in rows() if wanted.items() <= row.items()]


def found(clients, scheme, epsilon=8.0, **other):
    """Return the accuracies of all seeds at a point, given as to rows_at."""
    return [row["accuracy"] for row in rows_at(clients, scheme, epsilon, **other)]


def clipped(clients, scheme, epsilon=8.0, **other):
    """Return the accuracies with the clip and rounds of a point, and without its noise."""
    return found(clients, scheme, searched_epsilon(clients, epsilon), privacy="none", **other)


def free(clients, scheme, **other):
    """Return the accuracies with neither clip nor noise, in as many rounds as at epsilon 8."""
    return found(clients, scheme, math.inf, privacy="none", **other)


def at_an_end():
    """Return in how many searches the best settings had the shortest or the longest path that was tried."""
    paths, chosen = {}, PAGE.json("price_settings")
    for row in read_table(PAGE.recorded / "price_search.csv", SEARCH_COLUMNS):
        key = settings_key(*(row[name] for name in SOUGHT))
        paths.setdefault(key, set()).add(path_of(row))
    ends = {key: (min(tried), max(tried)) for key, tried in paths.items()}
    return sum(path_of(settings) in ends[key] for key, settings in chosen.items())


def path_of(settings):
    """Return how long the clips of all rounds together are."""
    return round(settings["rounds"] * settings["clip"], 6)
