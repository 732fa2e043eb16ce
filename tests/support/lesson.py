"""Where tests ask the lesson's own code, in this process."""

import argparse

import torch

import partition
from client import FlowerClient
from model import CNN, get_weights, make_model
from server import training_instructions
from support.options import common_options, partition_options, training_options
from support.partitions import load_partition


def settings_of(*words):
    """Return the settings of partition.py when it is given `words`."""
    return partition.settings_from(parsed(words, common_options(), partition_options()))


def instructions(server_round, *words):
    """Return what server.py, started with `words`, sends to the clients of a round beside the weights."""
    return training_instructions(parsed(words, common_options(), training_options()))(server_round)


def parsed(words, *parents):
    """Return the options that argparse finds in `words`."""
    return argparse.ArgumentParser(parents=parents).parse_args(list(map(str, words)))


def untrained(seed=0):
    """Return the weights with which a run begins."""
    torch.manual_seed(seed)
    return get_weights(CNN())


def owner(directory, number):
    """Return the client that owns a partition in `directory`."""
    path = directory / f"partitions/client_{number}.npz"
    return FlowerClient(number, make_model(), *load_partition(path))
