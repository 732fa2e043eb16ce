"""Who is asked in a round."""

from support.identity import number_of
from support.roll_call import RollCall

from types import SimpleNamespace


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
    choices = {
        (seed, number): sampled(seed, number) for seed in range(4) for number in range(1, 51)
    }
    assert choices == {key: sampled(*key) for key in choices}
    assert all(one < other for one, other in choices.values())  # by number, nobody twice
    for seed in range(4):
        mine = [pair for (owner, _), pair in choices.items() if owner == seed]
        asked = [sum(client in pair for pair in mine) for client in range(5)]
        assert len(set(map(tuple, mine))) == 10  # all pairs of five
        assert min(asked) >= 10 and max(asked) <= 30  # 20 on average
    assert choices[0, 1] != choices[0, 2] or choices[0, 2] != choices[0, 3]
    assert [choices[0, n] for n in range(1, 51)] != [choices[1, n] for n in range(1, 51)]
