"""Real processes: a whole federation, a server that is killed, and the same clients in one process."""

from operator import itemgetter

import numpy as np
import pytest
import torch
from flwr.server.strategy.aggregate import aggregate

from beyond.example_privacy.account import COLUMNS, Account
from beyond.example_privacy.client import ExampleClient
from model import make_model
from support.partitions import load_partition
from support.tables import read_table
from tests.support.harness import wait_until
from tests.support.lesson import instructions, untrained
from tests.support.ports import free_address
from tests.support.small import write_partitions

CLIENTS = 3
TRAINING = ["--batch-size", 10, "--learning-rate", 0.2, "--clients", CLIENTS]
BUDGET = ["--target-epsilon", 8, "--clip", 0.5]


@pytest.fixture
def place(tmp_path, mnist):
    """A directory with partitions for three clients."""
    write_partitions(tmp_path, mnist, sizes=[30] * CLIENTS, test_size=20)
    return tmp_path


@pytest.fixture
def begin(start_warm, place):
    """begin(name, *words) starts `python -m beyond.example_privacy.NAME WORDS`."""
    return lambda name, *words: start_warm(["-m", f"beyond.example_privacy.{name}", *words], place)


def begin_client(begin, number, address, *words):
    who = ["--partition-id", number, "--server", address]
    return begin("client", *who, *BUDGET, *words)


def accounts(place):
    """Return the rows of every client's account."""
    paths = sorted((place / "results/accounts").glob("images_*.csv"))
    return [read_table(path, COLUMNS) for path in paths]


def test_one_command_is_a_whole_federation_in_which_each_client_keeps_its_own_account(begin, place):
    words = [*TRAINING, *BUDGET, "--address", free_address(), "--run", "run"]
    begin("federation", *words, "--rounds", 2, "--local-steps", 2).finish()
    found = accounts(place)
    rounds = [[(row["round"], row["steps"]) for row in rows] for rows in found]
    assert rounds == [[(1, 2), (2, 2)]] * CLIENTS
    assert all(7.9 < rows[-1]["epsilon"] <= 8 for rows in found)
    for number in range(CLIENTS):
        log = (place / f"run/logs/client_{number}.log").read_text(encoding="utf-8")
        assert log.count("of 8 is spent") == 2 and "loss" not in log
    spent = begin("federation", *words, "--rounds", 3, "--local-steps", 2, "--resume")
    assert spent.wait() == 1 and "has spent epsilon" in spent.stderr
    assert [len(rows) for rows in accounts(place)] == [2] * CLIENTS


def test_a_killed_server_goes_on_and_the_accounts_go_on_with_it(begin, place):
    address = free_address()
    words = [*TRAINING, "--address", address, "--run", "run", "--rounds", 3]
    server = begin("server", *words)
    clients = [begin_client(begin, number, address) for number in range(CLIENTS)]
    wait_until(lambda: len(accounts(place)) == CLIENTS, "every client has begun its first round")
    server.kill()
    clients[0].kill()
    clients[0].wait()
    begin_client(begin, 0, address)
    more = ["--resume"] if (place / "run/run.json").exists() else []
    begin("server", *words, *more).finish()
    for rows in accounts(place):
        assert {row["round"] for row in rows} == {1, 2, 3}
        assert 7.9 < rows[-1]["epsilon"] <= 8
        assert rows == sorted(rows, key=itemgetter("epsilon"))


def test_one_process_comes_to_what_real_processes_come_to(begin, place):
    address = free_address()
    words = [*TRAINING, "--address", address, "--run", "run", "--rounds", 2]
    server = begin("server", *words)
    for number in range(CLIENTS):
        begin_client(begin, number, address, "--noise-seed", 7)
    server.finish()
    clients = [
        ExampleClient(number, make_model(), *load_partition(path), Account(None, 8.0, 1e-5), 0.5, 7)
        for number, path in enumerate(sorted((place / "partitions").glob("client_*.npz")))
    ]
    weights = untrained()
    for server_round in (1, 2):
        config = {**instructions(server_round, *TRAINING[:4]), "local_steps": 0, "rounds": 2}
        weights = aggregate([client.fit(weights, config)[:2] for client in clients])
    with np.load(place / "run/global_model.npz") as real:
        torch.testing.assert_close(list(real.values()), weights, rtol=1e-7, atol=1e-5)
