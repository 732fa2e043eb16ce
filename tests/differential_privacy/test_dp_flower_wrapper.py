"""What Flower 1.42's own wrappers for differential privacy do, beside what ours does: a test for each fault.

The page's table names these tests. Should one of Flower's columns fail with another Flower, the table is old.
"""

from types import SimpleNamespace

import numpy as np
import pytest
from flwr.common import Code, FitRes, Status, ndarrays_to_parameters, parameters_to_ndarrays
from flwr.server.strategy import (
    DifferentialPrivacyServerSideAdaptiveClipping,
    DifferentialPrivacyServerSideFixedClipping,
    FedAvg,
    FedAvgM,
)

from beyond.differential_privacy import private_average as ours
from beyond.differential_privacy.options import privacy_options
from beyond.differential_privacy.private_average import PrivateAverage
from support.command_line import UserError, parse_options

SIZE = 20_000
SENT = [np.zeros(SIZE, np.float32)]


def no_record(noise_multiplier):
    """Return a record that counts nothing, and gives every round the same noise multiplier."""
    return SimpleNamespace(spend=lambda server_round, asked: noise_multiplier)


def clients(count):
    """Return a manager of so many clients, whom FedAvg's configure_fit may ask."""
    return SimpleNamespace(
        num_available=lambda: count,
        sample=lambda num_clients, min_num_clients: list(range(num_clients)),
    )


def result(value, examples=1):
    """Return what a client answers whose every weight is `value`."""
    weights = ndarrays_to_parameters([np.full(SIZE, value, np.float32)])
    return None, FitRes(Status(Code.OK, ""), weights, examples, {})


def one_round(strategy, results, asked, failures=()):
    """Send SENT to `asked` clients and return the one array that `strategy` makes of `results`, or None."""
    strategy.configure_fit(1, ndarrays_to_parameters(SENT), clients(asked))
    parameters, _ = strategy.aggregate_fit(1, results, list(failures))
    return parameters and parameters_to_ndarrays(parameters)[0]


def flowers(noise_multiplier, clip, asked, inner=None):
    return DifferentialPrivacyServerSideFixedClipping(
        inner or FedAvg(), noise_multiplier, clip, asked
    )


def private(noise_multiplier, clip, clients=10):
    return PrivateAverage(FedAvg(), clients, clip, no_record(noise_multiplier), noise_seed=1)


def test_on_a_complete_round_of_equal_clients_both_are_the_same(monkeypatch):
    results = [result(value, 600) for value in (0.01, -0.02, 0.005, 0.001)]
    monkeypatch.setattr(ours, "system_normal", np.random.RandomState(3).standard_normal)
    mine = one_round(PrivateAverage(FedAvg(), 4, 2.0, no_record(0.5)), results, asked=4)
    np.random.seed(3)
    theirs = one_round(flowers(0.5, 2.0, 4), results, asked=4)  # which changes what it is given
    assert np.std(mine) > 0.2  # noise of 0.25 is in both
    np.testing.assert_allclose(mine, theirs, atol=1e-6)


def test_fault_1_of_absent_clients_the_noise_is_that_for_all_and_the_mean_that_of_the_rest(caplog):
    """Half are absent: they were not asked, and so have not failed either."""
    half = [result(1.0)] * 5  # each is clipped to the length 1
    assert np.linalg.norm(one_round(flowers(0.0, 1.0, 10), half, 5)) == pytest.approx(1, rel=1e-3)
    # So one client moves the mean by 1/5, and noise for that should have the standard deviation 0.2.
    assert np.std(one_round(flowers(1.0, 1.0, 10), half, 5)) == pytest.approx(0.1, rel=0.02)
    assert "number of clients returning parameters (5)" in caplog.text  # it warns, and goes on
    # Ours divides the sum by ten as well: one client moves it by 1/10, and the noise is made for that. So
    # neither mean nor noise tells how many are here, also where only one of ten is missing.
    for here in (5, 9):
        some = [result(1.0)] * here
        mean = one_round(private(1e-6, 1.0), some, here)
        assert np.linalg.norm(mean) == pytest.approx(here / 10, rel=1e-3)
        assert np.std(one_round(private(1.0, 1.0), some, here)) == pytest.approx(0.1, rel=0.02)


def test_a_counter_that_came_as_a_float_neither_counts_nor_gets_noise():
    """SoundUpdates makes floats of counters, so that they can be averaged."""
    strategy, sent = private(1.0, 1.0), [*SENT, np.array(7)]
    strategy.configure_fit(1, ndarrays_to_parameters(sent), clients(10))
    answers = [SENT[0], np.array(1e6)]  # as long as that, it would cut all else to nothing
    answer = (None, FitRes(Status(Code.OK, ""), ndarrays_to_parameters(answers), 1, {}))
    parameters, _ = strategy.aggregate_fit(1, [answer] * 10, [])
    weights, counter = parameters_to_ndarrays(parameters)
    assert counter == 7
    assert np.std(weights) == pytest.approx(0.1, rel=0.02)


def test_fault_2_a_client_that_claims_many_examples_breaks_the_bound():
    loud, others = result(1.0, 60_000), [result(1e-9, 600)] * 9
    theirs = one_round(flowers(0.0, 1.0, 10), [loud, *others], asked=10)
    assert np.linalg.norm(theirs) > 0.9  # where clip / 10 was promised
    mine = one_round(private(1e-9, 1.0), [loud, *others], asked=10)
    assert np.linalg.norm(mine) == pytest.approx(0.1, rel=1e-3)


def test_fault_3_with_a_server_learning_rate_the_noise_comes_after_the_step():
    inner = FedAvgM(
        initial_parameters=ndarrays_to_parameters(SENT),
        server_learning_rate=10.0,
        server_momentum=0.0,
    )
    theirs = one_round(flowers(1.0, 1.0, 10, inner), [result(1e-6)] * 10, asked=10)
    # The step is ten times as long, the noise not.
    assert np.std(theirs) == pytest.approx(0.1, rel=0.02)
    with pytest.raises(UserError, match="noise goes with FedAvg, not with FedAvgM"):
        PrivateAverage(inner, 1, 1.0, no_record(1.0))


def test_fault_4_one_failure_loses_the_round_for_all():
    answered, failure = [result(1e-3)] * 9, ConnectionError("gone")
    assert one_round(flowers(0.0, 1.0, 10), answered, 10, [failure]) is None
    assert one_round(private(0.1, 1.0), answered, 10, [failure]) is not None


def test_fault_5_an_update_of_zero_divides_by_zero():
    with pytest.raises(ZeroDivisionError):
        one_round(flowers(0.0, 1.0, 2), [result(0.0)] * 2, asked=2)
    assert np.abs(one_round(private(1e-9, 1.0, 2), [result(0.0)] * 2, asked=2)).max() < 1e-7


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_fault_6_nan_and_infinity_pass_its_checks(number):
    flowers(number, 1.0, 10)
    flowers(1.0, number, 10)
    for noise, clip in ((number, 1), (1, number)):
        with pytest.raises(SystemExit, match="2"):
            parse_options(["--noise-multiplier", noise, "--clip", clip], [privacy_options()])


@pytest.mark.parametrize(("first", "runs_to"), [(0.1, (0, 0.001)), (10.0, (1000, np.inf))])
def test_fault_7_adaptive_clipping_runs_away_from_its_quantile(first, runs_to):
    adaptive = DifferentialPrivacyServerSideAdaptiveClipping(
        FedAvg(), 0.0, 10, initial_clipping_norm=first, clipped_count_stddev=0.0
    )
    norms = np.linspace(0.01, 1.0, 10)  # the median that it is to find is 0.5
    for _ in range(60):
        one_round(adaptive, [result(norm / np.sqrt(SIZE)) for norm in norms], asked=10)
    assert runs_to[0] < adaptive.clipping_norm < runs_to[1]
