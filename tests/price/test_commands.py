"""What the page says to type for ten, a hundred and a thousand clients, typed in small."""

import itertools
import re
import shlex

import pytest

from beyond.differential_privacy.options import privacy_options
from beyond.differential_privacy.privacy_record import read_privacy
from beyond.price import measure
from beyond.price.grid import Point, grid
from beyond.price.server import edge_options
from federation import parse
from pages.price.facts import PAGE
from support.tables import read_history
from tests.support.ports import free_address

TEXT = PAGE.path.read_text(encoding="utf-8")
COMMAND = re.search(r"^python -m beyond\.price\.federation ((?:.*\\\n)*.*)$", TEXT, re.MULTILINE)[1]
TABLE = re.findall(r"^\| `(--clients .*?)` \| `(.*?)` .*? \| `(.*?)` ", TEXT, re.MULTILINE)
ROWS = [
    f"--target-epsilon {epsilon} {where} {chosen}"
    for where, *columns in TABLE
    for epsilon, chosen in zip((8, 2), columns, strict=True)
]
SMALL = ["--clients", 3, "--scheme", "iid", "--rounds", 2]  # typed last, it is what counts


def words_of(row):
    """Return the words that the page says to type, with those of `row` in their place."""
    words = shlex.split(COMMAND.replace("\\\n", " "))
    own = shlex.split(row)
    assert len(own) % 2 == len(words) % 2 == 0
    pairs = dict(zip(words[::2], words[1::2], strict=True))
    pairs |= dict(zip(own[::2], own[1::2], strict=True))
    return [word for pair in pairs.items() for word in pair]


def test_there_is_a_row_for_ten_a_hundred_and_a_thousand_clients_and_both_ways_of_dealing_out():
    found = sorted(tuple(shlex.split(row)[1:6:2]) for row in ROWS)
    assert found == sorted(itertools.product(("8", "2"), ("10", "100", "1000"), ("iid", "shards")))


@pytest.mark.parametrize("row", ROWS)
def test_every_command_of_the_page_asks_for_what_was_measured(row, monkeypatch):
    # A thousand need a larger machine.
    monkeypatch.setattr("federation.make_room", lambda clients: None)
    args = parse([*words_of(row), "--address", free_address()], [privacy_options(), edge_options()])
    wanted = Point("edges", "central", args.clients, args.scheme, args.target_epsilon, 0)
    assert wanted in grid(1)
    names = ("rounds", "clip", "learning_rate", "keep")
    assert vars(args).items() >= {name: measure.begun_row(wanted)[name] for name in names}.items()
    assert args.batch_size >= 60_000 / args.clients  # one step a round


@pytest.mark.parametrize("row", [row for row in ROWS if "epsilon 8" in row and "shards" in row])
def test_every_command_of_the_page_trains_in_small(row, start_warm, place):
    words = [*words_of(row), *SMALL, "--address", free_address(), "--run", "run"]
    start_warm(["-m", "beyond.price.federation", *words], place).finish()
    spent = read_privacy(place / "run")
    assert len(read_history(place / "run")) == 3 and len(spent) == 2
    assert spent[-1].epsilon == pytest.approx(8, abs=0.01)


def test_what_the_page_measures_alone_are_points():
    for pattern in re.findall(r"beyond\.price\.measure --only '(.*)'", TEXT):
        assert measure.chosen(grid(1), pattern)
