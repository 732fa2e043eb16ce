"""A client trains on its own data, and its data stays as it is."""

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
from model import get_weights, set_weights, train
from support.identity import Participant
from tests.support.harness import snapshot
from tests.support.lesson import instructions, owner, untrained
from tests.support.small import write_partitions

CONFIG = instructions(1)
COUNT = 96


@pytest.fixture
def place(tmp_path, mnist, monkeypatch):
    """A directory with partitions for two clients, which have the same images."""
    write_partitions(tmp_path, mnist, sizes=[COUNT], test_size=1)
    files = [tmp_path / f"partitions/client_{number}.npz" for number in (0, 3)]
    files[1].write_bytes(files[0].read_bytes())
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def client(place):
    """The client that owns one of them."""
    return owner(place, 3)


def trained_by_hand(client, config):
    """Return the weights that training gives an untrained model on this client's images."""
    set_weights(client.model, untrained())
    rng = np.random.default_rng([config["seed"], config["server_round"], client.partition_id])
    numbers = {name: config[name] for name in ("learning_rate", "batch_size")}
    train(client.model, client.images, client.labels, config["local_epochs"], rng, **numbers)
    return get_weights(client.model)


CHANGES = [{"seed": 1}, {"server_round": 2}, {"local_epochs": 2}, {"batch_size": 64}]


@pytest.mark.parametrize("number", [0, 3])
def test_a_fit_trains_the_given_weights_as_it_is_told_and_hands_out_nothing_else(
    place, one_thread, number
):
    before, client = snapshot(place), owner(place, number)
    for change in [{}, *CHANGES, {"learning_rate": 0.01}, {}]:  # whatever it trained on in between
        weights, count, metrics = client.fit(untrained(), CONFIG | change)
        expected = trained_by_hand(owner(place, number), CONFIG | change)
        assert all(map(np.array_equal, weights, expected))
        assert (type(count), count, metrics) == (int, COUNT, {})
    assert snapshot(place) == before


def test_a_client_is_made_of_its_own_partition_and_computes_in_one_thread(place, mnist):
    def make_client(number, network, images, labels):
        assert (number, network) == (3, "a network")
        assert (images.dtype, labels.dtype) == (np.uint8, np.int64)
        np.testing.assert_array_equal(images, mnist.images[:COUNT])
        np.testing.assert_array_equal(labels, mnist.labels[:COUNT])
        raise InterruptedError

    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        with pytest.raises(InterruptedError):
            main(["--partition-id", "3"], make_client, lambda: "a network")
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
