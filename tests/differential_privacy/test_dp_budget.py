"""A budget is a cap, whatever is killed, resumed or replaced; and a seed leaves no guarantee."""

import math
from types import SimpleNamespace

import pytest

from beyond.differential_privacy.accountant import spent_epsilon
from beyond.differential_privacy.privacy_record import SEEDED, PrivacyRecord, read_privacy
from support.command_line import UserError

NOISE, CLIP, DELTA = 1.0, 0.5, 0.01
IID, SHARDS = ({"clients": 10, "scheme": scheme, "seed": 0} for scheme in ("iid", "shards"))
CAPPED = {"target_epsilon": 8, "noise_multiplier": None}


def private_args(directory, rounds, **options):
    """Return the options of a run of `rounds` in `directory`; `options` are others than the usual ones."""
    usual = {"noise_multiplier": NOISE, "target_epsilon": None, "noise_seed": None}
    known = {"run": directory, "rounds": rounds, "clip": CLIP, "delta": DELTA}
    return SimpleNamespace(**{**known, **usual, **options})


@pytest.fixture
def run(tmp_path):
    """run(sendings, ...) sends these rounds of a run in tmp_path; returns the epsilon that is spent then."""

    def send(sendings, rounds=5, resume=False, partitions=IID, **options):
        record = PrivacyRecord(private_args(tmp_path, rounds, **options), partitions)
        if not resume:
            record.begin()
        for server_round in sendings:
            record.spend(server_round, asked=10)
        return read_privacy(tmp_path)[-1].epsilon

    return send


@pytest.mark.parametrize(
    ("lives", "are_repeated"),
    [
        ([[1, 2, 3, 4, 5]], False),
        ([[1, 2, 3], [3, 4, 5]], True),
        ([[1], [1], [1, 2, 3, 4], [4], [4, 5]], True),
    ],
)
def test_a_run_spends_its_target_and_rounds_sent_twice_leave_less_for_the_rest(
    run, tmp_path, lives, are_repeated
):
    for number, life in enumerate(lives):
        epsilon = run(life, resume=number > 0, **CAPPED)
    assert epsilon <= 8 and epsilon == pytest.approx(8)
    noises = [row.noise_multiplier for row in read_privacy(tmp_path)]
    assert noises[-1] > noises[0] if are_repeated else len(set(noises)) == 1


def test_more_rounds_share_what_is_left(run):
    run([1, 2, 3], **CAPPED)
    epsilon = run(range(4, 9), rounds=8, resume=True, **CAPPED)
    assert epsilon <= 8 and epsilon == pytest.approx(8)


def test_a_run_stops_before_its_target_is_exceeded(run, tmp_path):
    run([1, 2, 3, 4, 5], **CAPPED)  # and killed in the last
    with pytest.raises(UserError, match="nothing is left of --target-epsilon 8 in .*: epsilon 8 "):
        run([5], resume=True, **CAPPED)
    assert len(read_privacy(tmp_path)) == 5


def test_a_replaced_run_adds_up_and_its_target_is_for_all_of_them(run, capsys):
    run([1, 2, 3, 4, 5], **CAPPED)
    with pytest.raises(UserError, match="nothing is left"):
        run([], **CAPPED)
    epsilon = run([1, 2, 3, 4, 5], **CAPPED | {"target_epsilon": 12})
    assert epsilon <= 12 and epsilon == pytest.approx(12)
    expected = "has earlier runs on these partitions, which count: epsilon 8 at"
    assert expected in capsys.readouterr().out


def test_other_partitions_begin_again_and_the_first_ones_are_not_forgotten(run, tmp_path, capsys):
    run([1, 2])
    assert run([1, 2], partitions=SHARDS) == pytest.approx(spent_epsilon(NOISE, 2, DELTA))
    assert "earlier runs" not in capsys.readouterr().out
    assert run([1]) == pytest.approx(spent_epsilon(NOISE, 3, DELTA))
    assert [row.run for row in read_privacy(tmp_path)] == [1, 1, 2, 2, 3]


def test_data_that_partition_py_has_not_made_is_taken_for_the_same(run):
    run([1, 2], partitions=None)
    assert run([1], partitions=None) == pytest.approx(spent_epsilon(NOISE, 3, DELTA))


def test_a_seed_leaves_no_guarantee_in_the_file_and_on_the_terminal(run, tmp_path, capsys):
    assert run([1, 2], noise_seed=0) == math.inf
    text = (tmp_path / "privacy.csv").read_text(encoding="utf-8")
    assert text.count("inf") == text.count("no guarantee") == 2
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("Round  1: no guarantee")
    assert second.startswith("Round  2: no guarantee")


def test_secret_noise_gives_no_guarantee_back_where_a_seed_was_used(run, tmp_path, capsys):
    run([1], noise_seed=0)
    assert run([1]) == math.inf
    assert [row.noise == SEEDED for row in read_privacy(tmp_path)] == [True, False]
    assert capsys.readouterr().out.splitlines()[-1].startswith("Round  1: no guarantee")
    assert run([1], partitions=SHARDS) == pytest.approx(spent_epsilon(NOISE, 1, DELTA))


def test_a_file_that_cannot_be_read_is_not_replaced(run, tmp_path):
    record, damaged = tmp_path / "privacy.csv", "round,epsilon\n1,2\n"
    record.write_text(damaged, encoding="utf-8")
    with pytest.raises(UserError, match="privacy.csv is damaged .* choose another --run"):
        run([1])
    assert record.read_text(encoding="utf-8") == damaged
