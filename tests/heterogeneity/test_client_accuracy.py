"""client_accuracy.csv: what clients report of the model on their own images."""

import math

import pytest
from flwr.common import EvaluateRes

from beyond.heterogeneity.client_accuracy import read_client_accuracies
from support.command_line import RunError, UserError
from tests.support.handmade import OK, HandmadeClient, weights_of

TEST = ["--client-evaluation"]
HEADER = "round,client,examples,accuracy\n"


class Witness(HandmadeClient):
    """A client that reports what the test tells it to."""

    def __init__(self, number, examples, **metrics):
        super().__init__(number, weights_of(number), 100)
        self.report = EvaluateRes(OK, 0.0, examples, metrics)

    def evaluate(self, ins, timeout, group_id):
        return self.report


def rows():
    """Return (round, client, examples, accuracy) of every line."""
    return [tuple(row.values()) for row in read_client_accuracies("run")]


def test_the_mean_the_worst_client_and_the_spread_are_printed(aggregate, capsys):
    clients = [Witness(number, 10, accuracy=value) for number, value in enumerate([0.9, 0.3, 0.6])]
    aggregate(clients, words=TEST)
    assert rows() == [(1, 0, 10, 0.9), (1, 1, 10, 0.3), (1, 2, 10, 0.6)]
    expected = "Round  1: the model on 3 clients' own data: mean 60.00%, worst 30.00% (client 1), "
    assert f"{expected}standard deviation 24.49 points\n" in capsys.readouterr().out


IMPOSSIBLE = [
    *((10, {"accuracy": value}) for value in (math.nan, math.inf, -0.01, 1.01, "0.5", True)),
    *((count, {"accuracy": 0.1}) for count in (0, -3)),
    (10, {}),
]


def test_impossible_values_are_left_out(aggregate, capsys):
    clients = [Witness(number, count, **told) for number, (count, told) in enumerate(IMPOSSIBLE)]
    clients += [Witness(9, 10, accuracy=0.0), Witness(10, 10, accuracy=1.0)]
    aggregate(clients, words=TEST)
    assert rows() == [(1, 9, 10, 0.0), (1, 10, 10, 1.0)]
    expected = "the model on 2 clients' own data: mean 50.00%, worst 0.00% (client 9)"
    assert expected in capsys.readouterr().out


def test_a_round_without_a_possible_value_has_no_line(aggregate):
    aggregate([Witness(0, 0)], words=TEST)
    with pytest.raises(UserError):
        rows()


def test_a_resumed_run_keeps_the_rows_of_finished_rounds_and_no_others(aggregate):
    aggregate([Witness(0, 10, accuracy=0.1)], rounds=2, words=TEST)
    assert rows() == [(1, 0, 10, 0.1), (2, 0, 10, 0.1)]
    with open("run/client_accuracy.csv", "a", encoding="utf-8") as file:
        file.write("3,0,10,0.9\n")  # of a round that was not on record when the run was interrupted
    aggregate([Witness(0, 10, accuracy=0.2)], rounds=3, words=[*TEST, "--resume"])
    aggregate([Witness(0, 0)], rounds=4, words=[*TEST, "--resume"])  # and has nothing to write
    assert rows() == [(1, 0, 10, 0.1), (2, 0, 10, 0.1), (3, 0, 10, 0.2)]


@pytest.fixture
def old(tmp_path):
    """The file of an earlier run."""
    file = tmp_path / "run/client_accuracy.csv"
    file.parent.mkdir()
    file.write_text(f"{HEADER}1,0,10,0.5\n", encoding="utf-8")
    return file


@pytest.mark.parametrize("words", [[], TEST])
def test_the_file_of_an_earlier_run_goes_when_a_new_one_begins(aggregate, old, words):
    aggregate([Witness(0, 0)], words=words)
    assert not old.exists()


@pytest.mark.usefixtures("old")
def test_the_file_of_an_earlier_run_stays_when_the_new_one_cannot_begin(aggregate):
    with pytest.raises(UserError, match="no run to resume"):
        aggregate([Witness(0, 0)], words=[*TEST, "--resume"])
    assert rows() == [(1, 0, 10, 0.5)]


@pytest.mark.parametrize(
    "content", ["nonsense\n1\n", f"{HEADER}1,0,10\n", f"{HEADER}one,0,10,0.5\n"]
)
def test_a_damaged_file_is_named_when_the_run_is_resumed(aggregate, tmp_path, content):
    aggregate([Witness(0, 10, accuracy=0.1)], words=TEST)
    (tmp_path / "run/client_accuracy.csv").write_text(content, encoding="utf-8")
    with pytest.raises(UserError, match="run/client_accuracy.csv is damaged"):
        aggregate([Witness(0, 10, accuracy=0.1)], rounds=2, words=[*TEST, "--resume"])


def test_a_file_that_cannot_be_written_ends_the_run_in_one_line(aggregate, tmp_path):
    class Blocker(Witness):
        """A client that puts something in the way of the file while it tests."""

        def evaluate(self, ins, timeout, group_id):
            (tmp_path / "run/client_accuracy.csv").mkdir()
            return super().evaluate(ins, timeout, group_id)

    with pytest.raises(RunError, match="cannot write run/client_accuracy.csv: Is a directory"):
        aggregate([Blocker(0, 10, accuracy=0.1)], words=TEST)
