"""A guarantee that would promise nothing is refused, in one line, before anything is done."""

from contextlib import closing

import pytest

from beyond.differential_privacy.accountant import spent_epsilon
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


NUMBERS = ("-1", "0", "nan", "inf", "-inf", "much", "")
BAD_WORDS = [
    *(["--clip", number, "--noise-multiplier", "1"] for number in NUMBERS),
    *(["--clip", "1", "--noise-multiplier", number] for number in NUMBERS),
    *(["--clip", "1", "--target-epsilon", number] for number in NUMBERS),
    *(["--clip=1", "--noise-multiplier=1", "--delta", delta] for delta in (*NUMBERS, "1", "2")),
    ["--clip", "1"],
    ["--noise-multiplier", "1"],
    ["--clip", "1", "--noise-multiplier", "1", "--target-epsilon", "8"],
    ["--clip", "1", "--noise-multiplier", "1", "--noise-seed", "-1"],
    # heterogeneity's options are not there: a memory, a server's step, tests by clients, samples of them.
    *(
        ["--clip", "1", "--noise-multiplier", "1", *more]
        for more in (["--strategy", "FedAdam"], ["--client-evaluation"], ["--fraction-fit", "0.5"])
    ),
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
        parse("--clip", "1", "--noise-multiplier", "1", "--delta", delta, "--clients", "10")


def test_noise_too_small_for_any_promise_is_refused_and_the_advice_helps():
    with pytest.raises(UserError, match="an epsilon above 500") as refused:
        parse("--clip", "1", "--noise-multiplier", "0.001")
    advice = str(refused.value).split("give ")[1].split(" ")[0]
    parse("--clip", "1", "--noise-multiplier", advice)


@pytest.mark.parametrize("epsilon", ["600", "1e9"])
def test_a_target_out_of_reach_is_refused(epsilon):
    with pytest.raises(UserError, match="no noise makes epsilon"):
        parse("--clip", "1", "--target-epsilon", epsilon, "--delta", "0.05")


def test_the_target_becomes_the_noise_that_is_recorded_and_handed_to_the_server():
    args = parse("--clip", "1", "--target-epsilon", "8", "--rounds", "25", "--delta", "0.01")
    assert args.target_epsilon is None
    assert spent_epsilon(args.noise_multiplier, 25, 0.01) == pytest.approx(8, rel=1e-4)
    assert parse("--clip", "1", "--noise-multiplier", "1", "--clients", "50").delta == 0.1 / 50


def test_a_run_goes_on_with_the_same_privacy_only(tmp_path):
    words = ["--clip", "1", "--noise-multiplier", "1", "--delta", "0.01", "--run", str(tmp_path)]
    with closing(open_record(parse(*words), ["weight"])) as record:
        record.begin()
    for option, value in {
        "--clip": "2",
        "--noise-multiplier": "2",
        "--delta": "0.02",
        "--noise-seed": "1",
        "--clients": "9",
    }.items():
        with pytest.raises(UserError, match=f"was made with.*{option}"):
            open_record(parse(*words, option, value, "--resume"), ["weight"])
