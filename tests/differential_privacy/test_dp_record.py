"""What is spent is on disk before weights leave, whenever the server is killed, and is never forgotten."""

import multiprocessing
import os
import random
import signal

import numpy as np
import pytest
from flwr.common import ndarrays_to_parameters
from flwr.server import SimpleClientManager
from flwr.server.strategy import FedAvg
from torch import nn

from beyond.differential_privacy.accountant import spent_epsilon
from beyond.differential_privacy.privacy_record import SECRET, PrivacyRecord, read_privacy
from beyond.differential_privacy.private_average import PrivateAverage
from support.command_line import UserError, call
from support.robust_server import RobustServer, robust_strategy
from tests.differential_privacy.test_dp_budget import CLIP, DELTA, NOISE, private_args
from tests.support.handmade import HandmadeClient

ROUNDS = 4
SENT_LOG = "sent.txt"
NEVER = 10**6


class NotingClient(HandmadeClient):
    """A client that notes that weights have reached it."""

    def fit(self, ins, timeout, group_id):
        with open(self.log, "a", encoding="utf-8") as file:
            file.write(f"{os.getpid()} {ins.config['server_round']}\n")
        return self.update


class Clients(SimpleClientManager):
    """Clients that are all there from the beginning: no roll is called."""

    def gather(self, server_round, first_round):
        pass

    def close(self):
        pass


def serve(directory, resume, rounds=ROUNDS, examples=100):
    """Run the rounds with two handmade clients, and around FedAvg all that a private server has."""
    more = {"resume": resume, "clients": 2, "max_examples_per_client": 1000}
    args = private_args(directory, rounds, **more)
    fedavg = FedAvg(
        initial_parameters=ndarrays_to_parameters([np.zeros((1, 3), np.float32)]),
        on_fit_config_fn=lambda server_round: {"server_round": server_round},
        evaluate_fn=lambda server_round, weights, config: (0.0, {"accuracy": 0.5}),
        fraction_evaluate=0.0,
    )
    private = PrivateAverage(fedavg, 2, CLIP, PrivacyRecord(args, None))
    with robust_strategy(args, private, nn.Linear(3, 1, bias=False)) as strategy:
        clients = Clients()
        for number in range(2):
            client = NotingClient(number, [np.full((1, 3), 0.1, np.float32)], examples)
            client.properties["partition_id"], client.log = number, directory / SENT_LOG
            clients.register(client)
        server = RobustServer(client_manager=clients, strategy=strategy)
        server.set_max_workers(1)
        server.fit(rounds, timeout=None)


def live(directory, dies_at, *how):
    """Serve, and be killed at the `dies_at`th moment at which a file is written or weights arrive."""
    moments = iter(range(1, dies_at + 1))

    def dying(function):
        def call(*arguments, **named):
            if next(moments, None) == dies_at:
                os.kill(os.getpid(), signal.SIGKILL)
            return function(*arguments, **named)

        return call

    os.fsync, os.replace = dying(os.fsync), dying(os.replace)
    NotingClient.fit = dying(NotingClient.fit)
    call(serve, directory, *how)  # nothing is left to do if it was killed after the last round


def one_life(directory, dies_at, *how):
    """Return the exit status of a process that serves like that; `how` is what serve takes besides."""
    fork = multiprocessing.get_context("fork")
    process = fork.Process(target=live, args=(directory, dies_at, *how))
    process.start()
    process.join(60)
    return process.exitcode


def sent_rounds(directory):
    """Return how many rounds the clients have seen, those that two lives have sent counted twice."""
    log = directory / SENT_LOG
    return len(set(log.read_text(encoding="utf-8").splitlines())) if log.exists() else 0


def counted(directory):
    """Return how many rounds the clients have seen, and how many are on record."""
    on_record = (directory / "privacy.csv").exists()
    return sent_rounds(directory), len(read_privacy(directory)) if on_record else 0


@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.thorough)])
def test_a_run_killed_at_random_moments_forgets_nothing_it_has_sent(tmp_path, seed):
    moments = random.Random(seed)
    status, resume = None, False
    while status != 0:
        sent, spent = counted(tmp_path)
        status = one_life(tmp_path, moments.randrange(1, 13), resume)
        assert status in (0, -signal.SIGKILL)
        resume = (tmp_path / "state.zip").exists()
        # At most one round was counted, and killed before its weights had left.
        now_sent, now_spent = counted(tmp_path)
        assert (now_spent - spent) - (now_sent - sent) in (0, 1)
    rows = read_privacy(tmp_path)
    assert {row.round for row in rows} == set(range(1, ROUNDS + 1))
    assert len(rows) >= sent_rounds(tmp_path) > ROUNDS
    for number, row in enumerate(rows, start=1):
        assert row.epsilon == pytest.approx(spent_epsilon(NOISE, number, DELTA))
        known = (row.delta, row.noise_multiplier, row.clip, row.clients_asked, row.noise)
        assert known == (DELTA, NOISE, CLIP, 2, SECRET)


def test_death_at_any_kind_of_moment_is_survived(tmp_path):
    for dies_at in range(1, 24, 3):
        (directory := tmp_path / str(dies_at)).mkdir()
        assert one_life(directory, dies_at, False) == -signal.SIGKILL
        sent, spent = counted(directory)
        assert spent - sent in (0, 1)
        assert one_life(directory, NEVER, (directory / "state.zip").exists()) == 0
        sent, spent = counted(directory)
        assert spent >= sent >= ROUNDS


def test_a_round_without_a_sound_update_counts_as_sent(tmp_path):
    # More examples than are allowed: the run has failed, and what was sent is spent all the same.
    assert one_life(tmp_path, NEVER, False, 2, 10**6) == 1
    assert [(row.round, row.clients_asked) for row in read_privacy(tmp_path)] == [(1, 2), (2, 2)]
    assert sent_rounds(tmp_path) == 2


def test_more_rounds_cost_more_and_a_new_run_adds_to_what_is_spent(tmp_path):
    assert one_life(tmp_path, NEVER, False, 1) == one_life(tmp_path, NEVER, True, 3) == 0
    assert read_privacy(tmp_path)[-1].epsilon == pytest.approx(spent_epsilon(NOISE, 3, DELTA))
    assert one_life(tmp_path, NEVER, False, 1) == 0
    assert read_privacy(tmp_path)[-1].epsilon == pytest.approx(spent_epsilon(NOISE, 4, DELTA))
    rounds = [(row.run, row.round) for row in read_privacy(tmp_path)]
    assert rounds == [(1, 1), (1, 2), (1, 3), (2, 1)]


def test_a_run_whose_spending_is_not_known_does_not_go_on(tmp_path):
    assert one_life(tmp_path, NEVER, False, 2) == 0
    sent, path = sent_rounds(tmp_path), tmp_path / "privacy.csv"
    for content in ("round,epsilon\n1,2\n", "\0", None):
        path.write_text(content, encoding="utf-8") if content else path.unlink()
        with pytest.raises(UserError, match="privacy.csv (is damaged|has no round 1)"):
            serve(tmp_path, resume=True, rounds=3)
        assert sent_rounds(tmp_path) == sent
