"""A client trains on its own data, and its data stays as it is."""

from support.identity import Participant
from support.partitions import load_partition

import numpy as np
import pytest
import torch
from flwr.common import (
    Code,
    EvaluateIns,
    FitIns,
    GetParametersIns,
    GetPropertiesIns,
    parameters_to_ndarrays,
)

from client import FlowerClient, main
from model import evaluate, get_weights
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
    assert metrics == {}


class Made(Exception):
    """A client has been made."""


def test_a_client_is_made_of_its_own_partition_and_computes_in_one_thread(
    partition_file, mnist, monkeypatch
):
    def make_client(number, images, labels):
        assert number == 3
        np.testing.assert_array_equal(images, mnist.images[:400])
        np.testing.assert_array_equal(labels, mnist.labels[:400])
        raise Made

    (partition_file.parent / "partitions").mkdir()
    partition_file.rename(partition_file.parent / "partitions/client_3.npz")
    monkeypatch.chdir(partition_file.parent)
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        with pytest.raises(Made):
            main(["--partition-id", "3"], make_client)
        assert torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(threads)


def test_a_participant_says_whose_partition_it_owns_and_hears_a_refusal(client):
    participant = Participant(client.to_client(), 3)
    answer = participant.get_properties(GetPropertiesIns(config={}))
    assert (answer.status.code, answer.properties) == (Code.OK, {"partition_id": 3})
    assert participant.refusal is None
    participant.get_properties(GetPropertiesIns(config={"refusal": "too many"}))
    assert participant.refusal == "too many"


def test_a_participant_passes_everything_else_on(client):
    participant = Participant(client.to_client(), 3)
    parameters = participant.get_parameters(GetParametersIns(config={})).parameters
    answer = participant.fit(FitIns(parameters, CONFIG))
    expected, count, _ = client.fit(parameters_to_ndarrays(parameters), CONFIG)
    assert all(map(np.array_equal, parameters_to_ndarrays(answer.parameters), expected))
    assert answer.num_examples == count
    code = participant.evaluate(EvaluateIns(parameters, {})).status.code
    assert code == Code.EVALUATE_NOT_IMPLEMENTED  # as the lesson's client


def test_the_client_has_only_what_the_lesson_explains():
    own = {name for name in vars(FlowerClient) if not name.startswith("_")}
    assert own == {"get_parameters", "set_parameters", "fit"}
