"""The standard experiment's options do what they say, in real federations."""

import numpy as np
import pytest

from beyond.heterogeneity import server
from beyond.heterogeneity.options import heterogeneity_options
from model import make_model
from support.command_line import parse_options
from support.options import server_options
from support.strategy_around import StrategyAround
from support.tables import read_history
from tests.heterogeneity.commands import refused
from tests.support.handmade import three_clients
from tests.support.lesson import untrained
from tests.support.ports import idle_address
from tests.support.shared import ROUNDS, SIZES, server_words


def distance_from_start(directory):
    """Return how far a run's model is from the initial weights of seed 0."""
    with np.load(directory / "global_model.npz") as file:
        pairs = zip(file.values(), untrained(), strict=True)
        return np.sqrt(sum(np.sum((now - then) ** 2) for now, then in pairs))


@pytest.mark.parametrize("strategy", ["FedAvgM", "FedAdam", "FedYogi"])
def test_every_strategy_learns_rejects_no_honest_client_and_goes_on_with_no_strategy(
    federate, stage, workspace, strategy
):
    epochs = ["--local-epochs", 2]
    run = federate("--strategy", strategy, *epochs)
    history = read_history(run)
    assert [(row.clients, row.failures) for row in history] == [(0, 0)] + [(len(SIZES), 0)] * ROUNDS
    assert history[-1].loss < history[0].loss
    for other in ("FedAvg", "FedProx"):  # nor with the same: see test_resume.py
        _, words = server_words(run, *epochs, "--rounds", 3, "--resume", "--strategy", other)
        complaint = refused(stage, workspace, "server", *words)
        assert f"was made with --strategy {strategy}" in complaint


def test_fedprox_holds_clients_back(federate, lesson_run):
    near = distance_from_start(federate("--strategy", "FedProx", "--proximal-mu", 5))
    assert near < 0.8 * distance_from_start(lesson_run)


def test_a_fraction_of_the_clients_is_asked(aggregate):
    _, history = aggregate(three_clients(), rounds=3, words=["--fraction-fit", 0.4])
    assert [(row.clients, row.failures) for row in history] == [(0, 0)] + [(1, 0)] * 3


def made_with(mnist, directory, *words):
    """Return the Flower strategy that this chapter's server makes from `words`."""
    words = ["--address", idle_address(), "--run", directory, *words]
    args = parse_options(words, [*server_options(), heterogeneity_options()])
    tests = mnist.test_images[:9], mnist.test_labels[:9]
    strategy = server.make_strategy(args, make_model(), *tests)
    while isinstance(strategy, StrategyAround):
        strategy = strategy.strategy
    return strategy


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("FedAvgM", {"server_learning_rate": 1.0, "server_momentum": 0.9}),
        ("FedAvgM --server-momentum 0", {"server_momentum": 0.0}),
        ("FedAvgM --server-learning-rate 0.3", {"server_learning_rate": 0.3}),
        ("FedProx", {"proximal_mu": 0.1}),
        ("FedProx --proximal-mu 0.7", {"proximal_mu": 0.7}),
        ("FedAdam", {"eta": 0.01, "beta_1": 0.9, "beta_2": 0.99, "tau": 1e-3}),
        ("FedYogi --server-learning-rate 0.3 --beta-1 0.5", {"eta": 0.3, "beta_1": 0.5}),
        ("FedYogi --beta-2 0.4 --tau 0.2", {"beta_1": 0.9, "beta_2": 0.4, "tau": 0.2}),
    ],
)
def test_options_reach_flowers_strategy(mnist, tmp_path, words, expected):
    strategy, *more = words.split()
    made = made_with(mnist, tmp_path, "--strategy", strategy, *more)
    assert type(made).__name__ == strategy
    assert {name: getattr(made, name) for name in expected} == expected


@pytest.mark.parametrize("strategy", ["FedAvg", "FedAvgM", "FedProx", "FedAdam", "FedYogi"])
def test_whatever_the_strategy_it_has_the_lessons_arguments_and_c(mnist, tmp_path, strategy):
    words = ["--fraction-fit", 0.3, "--min-clients", 4, "--batch-size", 7, "--client-evaluation"]
    made = made_with(mnist, tmp_path, "--strategy", strategy, *words)
    assert (made.fraction_fit, made.fraction_evaluate) == (0.3, 1.0)
    assert (made.min_fit_clients, made.min_evaluate_clients) == (1, 1)
    assert made.min_available_clients == 4
    config = made.on_fit_config_fn(5)
    assert (config["server_round"], config["batch_size"]) == (5, 7)
    assert config["client_evaluation"] is True
    assert made.evaluate_fn(0, untrained(), {})[1].keys() == {"accuracy"}
    plain = made_with(mnist, tmp_path, "--strategy", strategy)
    assert (plain.fraction_fit, plain.fraction_evaluate) == (1.0, 0.0)
    assert plain.on_fit_config_fn(1)["client_evaluation"] is False
