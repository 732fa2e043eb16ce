"""What servers and clients of the fault tests have in common."""

import argparse

from server import training_instructions
from support.options import common_options, training_options

SIZES = (60, 50, 40)  # images of the clients
TEST_SIZE = 20


def instructions(server_round, *words):
    """Return what server.py, started with `words`, sends to the clients of a round beside the weights."""
    parents = [common_options(), training_options()]
    args = argparse.ArgumentParser(parents=parents).parse_args(list(map(str, words)))
    return training_instructions(args)(server_round)
