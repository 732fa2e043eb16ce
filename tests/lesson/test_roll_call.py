"""Who is asked in a round, and who is not there."""

import json
import threading
from collections import Counter
from functools import partial
from itertools import chain
from pathlib import Path
from types import SimpleNamespace

import pytest

import server
from support.identity import number_of
from support.roll_call import RollCall
from tests.support.handmade import HandmadeClient, weights_of
from tests.support.harness import wait_until


def sampled(seed, server_round, count=2, clients=5):
    """Return the numbers that a roll call of `clients` samples in a round."""
    present = RollCall(clients, 1, seed)
    for number in reversed(range(clients)):
        identifier = f"connection-{(7 * number + 11 * seed) % 13}"  # says nothing
        properties = {"partition_id": number}
        present.clients[identifier] = SimpleNamespace(cid=identifier, properties=properties)
    present.gather(server_round, first_round=server_round == 1)
    return [number_of(client) for client in present.sample(count)]


def test_who_is_sampled_depends_on_seed_and_round_and_nothing_else():
    rounds = range(1, 51)
    choices = [[sampled(seed, number) for number in rounds] for seed in range(4)]
    assert choices == [[sampled(seed, number) for number in rounds] for seed in range(4)]
    for pairs in choices:
        assert all(one < other for one, other in pairs)  # by number, nobody twice
        asked = Counter(chain(*pairs))
        assert len(set(map(tuple, pairs))) == 10  # all pairs of five
        assert min(asked.values()) >= 10 and max(asked.values()) <= 30  # 20 on average
    assert choices[0] != choices[1]


def two_of_five(*words):
    """Return the lesson's strategy, which takes two of five clients in a round."""
    strategy = server.make_strategy(*words)
    strategy.fraction_fit = 0.4
    return strategy


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_server_samples_with_the_seed_that_it_is_given(aggregate, seed):
    clients = [HandmadeClient(number, weights_of(number), 10) for number in range(5)]
    main = partial(server.main, make_strategy=two_of_five)
    aggregate(clients, rounds=4, words=["--seed", seed], main=main)
    events = map(json.loads, Path("run/events.jsonl").read_text(encoding="utf-8").splitlines())
    asked = [(event["round"], event["client"]) for event in events if event["what"] == "sent"]
    expected = [(number, client) for number in range(1, 5) for client in sampled(seed, number)]
    assert sorted(asked) == expected


class UndecidedClient(HandmadeClient):
    """A client that has been asked who it is, and answers when it is told to."""

    def __init__(self, number):
        super().__init__(number, weights_of(0), 10)
        self.is_asked, self.may_answer, self.has_gone_home = (threading.Event() for _ in range(3))

    def get_properties(self, *words, **more):
        self.is_asked.set()
        assert self.may_answer.wait(10)
        return super().get_properties(*words, **more)

    def reconnect(self, *words, **more):
        self.has_gone_home.set()
        return super().reconnect(*words, **more)

    def answers(self, roll_call):
        """Answer, and return when the roll call has drawn its conclusions."""
        self.may_answer.set()
        for welcome in roll_call.welcomes:
            welcome.join(10)


def meet(roll_call, number, connection="connection"):
    """Return a client that has come over a connection of this name, and has said who it is."""
    client = UndecidedClient(number)
    client.cid = connection
    roll_call.register(client)
    client.answers(roll_call)
    return client


@pytest.fixture
def asked():
    """A roll call for two clients, and client 0, which has been asked who it is."""
    roll_call, client = RollCall(2, 1, seed=0), UndecidedClient(0)
    roll_call.register(client)
    assert client.is_asked.wait(10)
    return roll_call, client


def test_who_says_who_it_is_takes_part(asked, capsys):
    roll_call, client = asked
    assert len(roll_call) == 0
    client.answers(roll_call)
    assert list(roll_call.clients.values()) == [client]
    assert capsys.readouterr().out == "Client 0 joined: 1 of 2 clients\n"


def test_who_hangs_up_during_its_roll_call_is_no_ghost(asked, capsys):
    roll_call, client = asked
    roll_call.unregister(client)
    client.answers(roll_call)
    assert (len(roll_call), roll_call.connected) == (0, {})
    assert capsys.readouterr().out == ""


def test_who_is_in_the_roll_call_when_a_run_ends_is_sent_home(asked):
    roll_call, client = asked
    end = threading.Thread(target=roll_call.close, daemon=True)
    end.start()
    while not roll_call.is_over:
        end.join(0.001)
    assert end.is_alive()  # it waits for the answer
    client.answers(roll_call)
    end.join(10)
    assert client.has_gone_home.is_set() and len(roll_call) == 0


def test_who_has_not_said_who_it_is_is_dismissed_as_well(asked):
    roll_call, client = asked
    named = UndecidedClient(1)
    named.may_answer.set()
    roll_call.register(named)
    wait_until(lambda: len(roll_call) == 1, "client 1 takes part")
    closed = []
    for one in (client, named):
        one.bridge = SimpleNamespace(close=partial(closed.append, one))
    roll_call.dismiss()
    assert closed == [client, named] and list(roll_call.clients.values()) == [named]
    client.answers(roll_call)


@pytest.mark.parametrize("number", [-1, True, "0", 0.0, None, b"0"])
def test_who_gives_no_number_of_a_partition_has_none(number, capsys):
    assert number_of(meet(RollCall(2, 1, seed=0), number)) is None
    assert capsys.readouterr().out.startswith("A client without a number (connec) joined")


@pytest.mark.parametrize("number, is_expected", [(1, True), (2, False), (7, False)])
def test_whose_number_is_too_high_is_sent_home(number, is_expected, capsys):
    roll_call = RollCall(2, 1, seed=0)
    client = meet(roll_call, number)
    assert list(roll_call.clients.values()) == [client] * is_expected
    assert client.has_gone_home.is_set() != is_expected
    assert is_expected or f"Client {number} refused: the server has" in capsys.readouterr().out


def test_who_has_no_number_comes_after_those_who_have_one():
    roll_call = RollCall(4, 1, seed=0)
    for place, number in enumerate((None, 2, 0, 1)):
        meet(roll_call, number, f"connection-{place}")
    roll_call.gather(1, first_round=True)
    assert [number_of(client) for client in roll_call.sample(4)] == [0, 1, 2, None]


def test_who_leaves_before_clients_are_chosen_is_no_ghost(capsys):
    roll_call = RollCall(3, 2, seed=0)
    clients = [meet(roll_call, number, f"connection-{number}") for number in range(3)]
    roll_call.gather(1, first_round=True)
    roll_call.unregister(clients[1])
    assert roll_call.sample(3, min_num_clients=2) == [clients[0], clients[2]]
    assert capsys.readouterr().out.endswith("Client 1 left: 2 of 3 clients\n")


def test_the_number_of_one_who_has_left_is_free_again():
    roll_call = RollCall(2, 1, seed=0)
    first = meet(roll_call, 0, "first")
    assert meet(roll_call, 0, "second").has_gone_home.is_set()  # 0 takes part already
    roll_call.unregister(first)
    third = meet(roll_call, 0, "third")
    assert list(roll_call.clients.values()) == [third]
