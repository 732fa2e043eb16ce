"""The check of exercise 7."""

import numpy as np
from flwr.common import Code, FitRes, Status, ndarrays_to_parameters
from flwr.server.strategy import FedAvg

from beyond.practice.judge import Wrong, call, compare, expect

PLACES = ((0, 0), (1, 2), (2, 3))  # array, number in it: the first of all, one between, the last
LARGE = 1e6  # far away, and sound


class Inside(FedAvg):
    """FedAvg that remembers what it was asked to average."""

    asked = None

    def aggregate_fit(self, server_round, results, failures):
        """Average, and remember."""
        self.asked = (server_round, results, failures)
        return super().aggregate_fit(server_round, results, failures)


def check(answer):
    """Check exercise 7."""
    yield "three sound updates, one of them with large numbers: all are averaged"
    expect_averaged(answer, {}, [0, 1, 2])
    yield "a NaN in one update, wherever it is: the two others are averaged"
    for place in PLACES:
        expect_averaged(answer, {0: np.nan}, [1, 2], place)
    yield "infinity in one update: the two others are averaged"
    for place in PLACES:
        expect_averaged(answer, {1: np.inf}, [0, 2], place)
        expect_averaged(answer, {1: -np.inf}, [0, 2], place)
    yield "NaN everywhere: the strategy inside is asked about none"
    expect_averaged(answer, dict.fromkeys(range(3), np.nan), [])


def expect_averaged(answer, faults, wanted, place=PLACES[-1]):
    """Raise Wrong unless those of three updates that are `wanted`, by number, are averaged.

    `faults` are numbers of updates, with what is in the `place`, (array, number), of each.
    """
    inside, failures = Inside(), [("client 3", "lost")]
    results = [result_of(number, place, faults.get(number)) for number in range(3)]
    found = asked(answer.WithoutNaN(inside), results, failures)
    empty = "" if wanted else "Call it with [], too: it decides what no update means"
    never = "self.strategy.aggregate_fit(...) is never called"
    expect(inside.asked, f"{never}: who averages? {empty}".strip())
    server_round, passed, passed_failures = inside.asked
    names = [client for client, _ in passed]
    for number, fault in faults.items():
        averaged = f"In array {place[0]} of client {number} a number is {fault}, and it is averaged"
        is_out = f"client {number}" not in names
        expect(is_out, f"{averaged}: so is the model of all, from then on.")
    sound = [results[number] for number in wanted]
    alone = {"one has a fault, and the others go with it": []}
    compare(names, [client for client, _ in sound], alone, "The list of those averaged")
    expect(passed == sound, "What is averaged is not what was sent.")
    compare((server_round, passed_failures), (4, failures), what="(server_round, failures)")
    compare(found, FedAvg().aggregate_fit(4, passed, failures), what="aggregate_fit(...)")


def asked(strategy, results, failures):
    """Return what an answer's `strategy` makes of `results` in round 4."""
    try:
        return call(strategy.aggregate_fit, 4, results, failures)
    except RecursionError as error:
        own = "self.aggregate_fit is this function, which calls itself: ask self.strategy."
        raise Wrong(own) from error


def result_of(number, place, fault):
    """Return a pair (client, FitRes); a `fault` that is not None is in the `place` of its weights."""
    large = LARGE if number == 2 else 1
    shapes = ((2, 3), (3,), (4,))
    weights = [np.full(shape, number * large, np.float32) for shape in shapes]
    if fault is not None:
        weights[place[0]].flat[place[1]] = fault
    sent = ndarrays_to_parameters(weights)
    return f"client {number}", FitRes(Status(Code.OK, ""), sent, number + 1, {})
