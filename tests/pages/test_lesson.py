"""Done by hand, the lesson prints what README.md shows: the same lines, and nearly the same accuracies."""

import re
from functools import partial

import pytest

from pages.lesson.walks import lesson_commands, walk_the_faults, walk_the_lesson
from pages.record import MESSAGE_ID
from pages.terminals import Desk, working_copy
from support.tables import read_history
from tests.support.harness import ROOT
from tests.support.ports import free_address
from tests.support.small import write_partitions

README = (ROOT / "README.md").read_text(encoding="utf-8")
RECORDED = ROOT / "recorded"

# How far an accuracy may be from the recorded one, in points: another processor adds floats in another
# order, and what that comes to is largest in the first round, when accuracy moves most.
POINTS_IN_ROUND_1, POINTS_LATER = 5.0, 0.5
ROUNDS = 10
FEWER = 1  # shows every kind of line
SHOWN = ("partition", "server", "client_0", "client_3", "plot")
# The page's rounds are slow enough for hands; a program types faster, and needs no more images than that.
QUICKER = " --rounds 9 --local-epochs 1"
IMAGES = 1200  # of each client


class MostlyWarm(Desk):
    """A Desk on which only terminals that the page shows are shells; other clients have nothing to import."""

    def __init__(self, stage, directory):
        super().__init__(directory)
        self.stage = stage
        self.callback(stage.clear)

    def open(self, command):
        """Start a command, and return its terminal."""
        client = re.search(r"--partition-id (\d)", command)
        if not client or f"client_{client[1]}" in SHOWN:
            return super().open(command)
        return Warm(self.stage.start(*command.split()[1:], cwd=self.directory))


class Warm:
    """What a walk wants of a Terminal, for one of the stage's commands."""

    def __init__(self, actor):
        self.actor = actor

    def finish(self):
        """Wait for its end, and return what it has printed."""
        self.actor.finish()
        return self.actor.output

    def memory(self):
        """Return nothing: it shares what it has with all others of the stage."""
        return 0


@pytest.fixture(scope="module", params=[FEWER, pytest.param(ROUNDS, marks=pytest.mark.thorough)])
def lesson(request, shared_stage):
    """All screens of the lesson, the history of its run, and how many rounds that had."""
    more_server, more_client = where_to_meet()
    more_server += f" --rounds {request.param}"
    desk = partial(MostlyWarm, shared_stage) if request.param == FEWER else Desk
    with working_copy() as directory:
        screens, _ = walk_the_lesson(README, directory, more_server, more_client, desk)
        yield screens, read_history(directory / "results/fedavg"), request.param


@pytest.fixture
def faults(mnist):
    """The screens of "Kill one"."""
    more_server, more_client = where_to_meet()
    with working_copy() as directory:
        write_partitions(directory, mnist, sizes=[IMAGES] * 10, test_size=1000)
        yield walk_the_faults(README, directory, more_server + QUICKER, more_client)


def where_to_meet():
    """Return what to add to the printed commands, whose port others on this machine may have taken."""
    address = free_address()
    return f" --address {address}", f" --server {address}"


def first_rounds(screen, count):
    """Return a screen of ROUNDS rounds as it would be if there were only `count`."""

    def is_there(lines):
        number = re.search(
            r"\[ROUND (\d+)\]|^Round (\d+): trained|\tround (\d+): |\((\d+), ", lines, re.M
        )
        return not number or int(next(filter(None, number.groups()))) <= count

    head, summary, tail = screen.partition("INFO :      [SUMMARY]\n")
    blocks = re.split(r"^(?=INFO :\s*$)", head, flags=re.MULTILINE)
    head = "".join(filter(is_there, blocks))
    tail = "".join(filter(is_there, tail.splitlines(keepends=True)))
    tail = re.sub(rf"(\({count}, .*\)),$", r"\1]}", tail, flags=re.MULTILINE)
    if count < ROUNDS:  # Python prints so short a list in one line
        tail = re.sub(r",\nINFO : +\t +\(", ", (", tail)
    number_of_rounds = rf"(num_rounds=|\(|^Round +\d+ of |finished ){ROUNDS}\b"
    return re.sub(number_of_rounds, rf"\g<1>{count}", head + summary + tail, flags=re.MULTILINE)


def structure(text, unordered=()):
    """Return the lines of `text` without what may differ: decimals, identifiers, and some lines' order.

    Lines that match one of the patterns in `unordered` come sorted, at the end.
    """
    text = MESSAGE_ID.sub("<message id>", text)
    lines = [re.sub(r"\d+\.\d+(e-\d+)?", "x.x", line.strip()) for line in text.splitlines()]
    loose = [line for line in lines if any(re.search(pattern, line) for pattern in unordered)]
    return [line for line in lines if line not in loose] + sorted(loose)


def without_counts(text):
    """Return `text` with who left last made irrelevant: clients leave in any order."""
    return re.sub(r"^Client \d left: ", "Client k left: ", text, flags=re.MULTILINE)


def test_the_lesson_has_one_server_and_ten_clients_in_eleven_terminals():
    terminals = {terminal for terminal, _ in lesson_commands(README)}
    assert terminals == set(range(1, 12))


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("name", SHOWN)
def test_each_terminal_prints_what_the_page_shows(lesson, name):
    screens, _, rounds = lesson
    shown = first_rounds((RECORDED / f"lesson/{name}.txt").read_text(encoding="utf-8"), rounds)
    # Flower's log goes to stderr and our lines to stdout, from several threads.
    loose = ["joined", "left", "configure_fit", r"^INFO :$"]
    assert structure(without_counts(screens[name]), loose) == structure(
        without_counts(shown), loose
    )


@pytest.mark.timeout(1200)
def test_the_accuracies_are_nearly_those_on_the_page(lesson):
    _, history, rounds = lesson
    shown = read_history(RECORDED / "lesson")[: rounds + 1]
    for then, now in zip(shown, history, strict=True):
        points = 100 * abs(then.accuracy - now.accuracy)
        assert points <= (POINTS_IN_ROUND_1 if now.round == 1 else POINTS_LATER), now
    assert rounds == FEWER or history[-1].accuracy >= 0.988


@pytest.mark.timeout(1200)
def test_every_client_does_the_same_as_the_one_shown(lesson):
    screens, _, _ = lesson
    expected = structure(screens["client_0"], ["^"])
    for number in range(1, 10):
        same = screens[f"client_{number}"].replace(f"Client {number}:", "Client 0:")
        assert structure(same, ["^"]) == expected


@pytest.mark.thorough
@pytest.mark.timeout(1200)
def test_killed_client_and_killed_server_are_seen_and_survived_as_the_page_shows(faults):
    ours = r"^(Client \d|Round|Waiting|Lost|The record)"
    for name in ("server", "client_3", "resumed"):
        shown = (RECORDED / f"faults/{name}.txt").read_text(encoding="utf-8")
        seen = {kind_of(line) for line in faults[name].splitlines() if re.search(ours, line)}
        assert seen == {kind_of(line) for line in shown.splitlines() if re.search(ours, line)}
    assert "Round 2: no update from Client 3" in faults["server"]
    assert re.search(r"^Round +9 of 9: ", faults["resumed"], re.MULTILINE)


def kind_of(line):
    """Return `line` without its numbers: when things happen depends on the machine."""
    return re.sub(r"\d+", "n", re.sub(r"\d+\.\d+", "n", line)).replace("  ", " ")
