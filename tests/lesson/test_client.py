"""A client trains on its own data, and its data stays as it is."""

import numpy as np
import pytest
import torch

from client import FlowerClient
from model import evaluate, get_weights
from partition import load_partition
from tests.support.harness import sha256
from tests.support.lesson import instructions
from tests.support.small import save_partition

CONFIG = instructions(1)


@pytest.fixture
def partition_file(tmp_path, mnist):
    """A partition of 400 images."""
    save_partition(tmp_path / "client_3.npz", mnist.images[:400], mnist.labels[:400])
    return tmp_path / "client_3.npz"


@pytest.fixture
def client(partition_file):
    """The client that owns it, with reproducible first weights."""
    torch.manual_seed(0)
    return FlowerClient(3, *load_partition(partition_file))


def test_a_fit_lowers_the_loss_and_leaves_the_partition_file_alone(client, partition_file):
    digest = sha256(partition_file)
    weights = client.get_parameters(config={})
    before, _ = evaluate(client.model, client.images, client.labels)
    trained, count, _ = client.fit(weights, CONFIG)
    client.set_parameters(trained)
    after, _ = evaluate(client.model, client.images, client.labels)
    assert after < before
    assert count == 400
    assert sha256(partition_file) == digest


def test_a_fit_starts_from_the_weights_it_is_given(client, partition_file):
    weights = client.get_parameters(config={})
    first, _, _ = client.fit(weights, CONFIG)
    client.fit(first, CONFIG)
    again, _, _ = client.fit(weights, CONFIG)  # whatever it trained on in between
    assert all(map(np.array_equal, first, again))


@pytest.mark.parametrize("change", [{"seed": 1}, {"server_round": 2}, {"local_epochs": 2}])
def test_seed_round_and_epochs_each_matter_to_a_fit(client, change):
    weights = client.get_parameters(config={})
    first, _, _ = client.fit(weights, CONFIG)
    other, _, _ = client.fit(weights, CONFIG | change)
    assert not all(map(np.array_equal, first, other))


def test_two_clients_shuffle_differently(partition_file):
    images, labels = load_partition(partition_file)
    clients = [FlowerClient(number, images, labels) for number in (0, 1)]
    weights = get_weights(clients[0].model)
    first, other = (client.fit(weights, CONFIG)[0] for client in clients)
    assert not all(map(np.array_equal, first, other))


def test_a_fit_hands_out_arrays_of_the_model_and_nothing_of_the_data(client):
    weights, count, metrics = client.fit(client.get_parameters(config={}), CONFIG)
    assert [weight.shape for weight in weights] == [
        weight.shape for weight in get_weights(client.model)
    ]
    assert isinstance(count, int)
    assert metrics.keys() <= {"train_loss"}


def test_a_client_says_whose_partition_it_owns(client):
    assert client.get_properties(config={}) == {"partition_id": 3}
