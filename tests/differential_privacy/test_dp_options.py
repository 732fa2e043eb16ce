"""A guarantee that would promise nothing is refused, in one line, before anything is done."""

import pytest

from beyond.differential_privacy.accountant import noise_multiplier_for, spent_epsilon
from beyond.differential_privacy.options import privacy_options
from support.command_line import UserError, name_command, parse_options
from support.options import server_options
from support.run_record import open_record
from tests.support.ports import idle_address


def parse(*words):
    """Return the options of beyond.differential_privacy.server when it is given `words`."""
    name_command("beyond.differential_privacy.server", "")
    words = ["--address", idle_address(), *words]
    return parse_options(words, [*server_options(), privacy_options()])


ENOUGH = ["--clip", "1", "--noise-multiplier", "1"]
NUMBERS = ("-1", "0", "nan", "inf", "-inf", "much", "")
BAD_WORDS = [
    *(
        [*ENOUGH, option, number]
        for option in ("--clip", "--noise-multiplier")
        for number in NUMBERS
    ),
    *(["--clip", "1", "--target-epsilon", number] for number in NUMBERS),
    *([*ENOUGH, "--delta", delta] for delta in (*NUMBERS, "1", "2")),
    ["--clip", "1"],
    ["--noise-multiplier", "1"],
    [*ENOUGH, "--target-epsilon", "8"],
    [*ENOUGH, "--noise-seed", "-1"],
    # heterogeneity's options are not there: a memory, a server's step, tests by clients, samples of them.
    [*ENOUGH, "--strategy", "FedAdam"],
    [*ENOUGH, "--client-evaluation"],
    [*ENOUGH, "--fraction-fit", "0.5"],
]


@pytest.mark.parametrize("words", BAD_WORDS, ids=" ".join)
def test_a_bad_option_gets_one_line_and_status_2(words, capsys):
    with pytest.raises(SystemExit, match="2"):
        parse(*words)
    printed = capsys.readouterr()
    assert printed.out == "" and printed.err.count("\n") == 1
    assert printed.err.startswith("beyond.differential_privacy.server: ")


@pytest.mark.parametrize("delta", ["0.1", "0.5"])
def test_a_delta_that_allows_to_publish_a_client_is_refused(delta):
    with pytest.raises(UserError, match="is not below 1/10"):
        parse(*ENOUGH, "--delta", delta, "--clients", "10")


@pytest.mark.parametrize("epsilon", [500.5, 535, 1e7])
def test_noise_too_small_for_any_promise_is_refused_and_the_advice_helps(epsilon):
    noise_multiplier = noise_multiplier_for(epsilon, 10, 0.01)
    with pytest.raises(UserError, match="above 500 it promises nothing") as refused:
        parse("--clip", "1", "--noise-multiplier", noise_multiplier)
    advice = str(refused.value).split("give ")[1].split(" ")[0]
    parse("--clip", "1", "--noise-multiplier", advice)
    assert spent_epsilon(float(advice), 10, 0.01) == pytest.approx(500, rel=0.05)


@pytest.mark.parametrize("epsilon", ["500.5", "535", "1e9"])
def test_a_target_that_promises_nothing_is_refused(epsilon):
    with pytest.raises(UserError, match="promises nothing; give 500 or less"):
        parse("--clip", "1", "--target-epsilon", epsilon, "--delta", "0.05")


def test_any_other_target_is_taken_at_any_delta():
    for epsilon in ("1e-3", "8", "500"):
        for delta in ("0.05", "1e-20", "1e-300"):
            parse("--clip", "1", "--target-epsilon", epsilon, "--delta", delta)


def test_delta_is_a_tenth_of_one_in_all_clients_unless_it_is_given():
    assert parse(*ENOUGH, "--clients", "50").delta == 0.1 / 50


@pytest.mark.parametrize("noise", ["--noise-multiplier", "--target-epsilon"])
def test_a_run_goes_on_with_the_same_privacy_only(tmp_path, noise):
    words = ["--clip", "1", noise, "1", "--delta", "0.01", "--run", str(tmp_path)]
    with open_record(parse(*words), {}) as record:
        record.begin()
    changes = {"--clip": 2, noise: 2, "--delta": 0.02, "--noise-seed": 1, "--clients": 9}
    for option, value in changes.items():
        args = parse(*words, option, value, "--resume")
        refused = pytest.raises(UserError, match=f"was made with.*{option}")
        with refused, open_record(args, {}):
            raise AssertionError("it goes on")
