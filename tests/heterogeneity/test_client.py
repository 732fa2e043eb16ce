"""What this chapter's client adds: it holds images out, and adds FedProx's pull to its gradients."""

import itertools
import re

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from beyond.heterogeneity.client import HeterogeneityClient, split
from beyond.heterogeneity.client_accuracy import read_client_accuracies
from beyond.heterogeneity.proximal import proximal_pull
from model import CNN, evaluate, get_weights, make_model, set_weights, to_tensors
from support.partitions import load_partition
from support.tables import read_history
from tests.heterogeneity.commands import CLIENT, FEDERATION
from tests.support.lesson import instructions, untrained
from tests.support.shared import ROUNDS, SIZES, run_at_once, run_quickly

COUNT = 50


class Watched(torch.nn.Module):
    """A model that notes which images it is trained on and which it is tested on: each has one value."""

    def __init__(self):
        super().__init__()
        self.scale = torch.nn.Parameter(torch.zeros(10))
        self.seen = {True: set(), False: set()}

    def forward(self, images):
        self.seen[self.training] |= set(images[:, 0, 0, 0].tolist())
        return images[:, 0, 0, :1] * self.scale


@pytest.fixture
def watched():
    """A client whose images can be told apart."""
    images = np.repeat(np.arange(COUNT, dtype=np.uint8), 28 * 28).reshape(COUNT, 28, 28)
    return HeterogeneityClient(3, Watched(), images, np.arange(COUNT) % 10)


@pytest.mark.parametrize("seed", range(5))
def test_training_set_and_held_out_set_are_disjoint_whatever_the_runs_seed(watched, seed):
    for server_round in (1, 2):
        config = instructions(server_round, "--seed", seed) | {"client_evaluation": True}
        weights, count, _ = watched.fit(get_weights(watched.model), config)
        _, tested, _ = watched.evaluate(weights, {})
    trained_on, tested_on = watched.model.seen[True], watched.model.seen[False]
    assert (len(trained_on), len(tested_on)) == (count, tested) == (45, 5)
    assert trained_on.isdisjoint(tested_on)


def test_without_client_evaluation_all_images_are_trained_on_whatever_was_before(watched):
    for wanted, trained_on in [(False, 50), (True, 45), (False, 50)]:
        watched.model.seen[True].clear()
        config = instructions(1) | {"client_evaluation": wanted}
        _, count, _ = watched.fit(get_weights(watched.model), config)
        assert len(watched.model.seen[True]) == count == trained_on


def test_a_client_with_one_image_trains_on_it_and_reports_no_test():
    one = np.zeros((1, 28, 28), np.uint8), np.zeros(1, np.int64)
    client = HeterogeneityClient(0, make_model(), *one)
    _, count, _ = client.fit(untrained(), instructions(1) | {"client_evaluation": True})
    assert count == 1
    assert client.evaluate(untrained(), {}) == (0.0, 0, {})


@pytest.mark.parametrize("count", [1, 2, 9, 10, 25])
def test_what_is_held_out_is_a_tenth_and_never_trained_on(count):
    labels = torch.arange(count)
    (_, kept), (_, held_out) = split(torch.zeros(count, 1, 28, 28), labels, seed=4)
    assert sorted([*kept.tolist(), *held_out.tolist()]) == list(range(count))
    assert len(kept) >= 1 and len(held_out) == (0 if count == 1 else max(1, round(count / 10)))


def test_clients_evaluate_on_images_that_they_do_not_train_on(stage, workspace, tmp_path):
    words = [tmp_path / "run", "--client-evaluation"]
    finished = run_at_once(stage, workspace, *words, program=FEDERATION)
    assert finished.status == 0, finished.output
    rows = read_client_accuracies(finished.run)
    asked = list(itertools.product(range(1, ROUNDS + 1), range(len(SIZES))))
    assert [(row["round"], row["client"]) for row in rows] == asked
    model = CNN()
    with np.load(finished.run / "global_model.npz") as file:
        set_weights(model, list(file.values()))
    for number, (size, row) in enumerate(zip(SIZES, rows[-len(SIZES) :], strict=True)):
        log = (finished.run / f"logs/client_{number}.log").read_text(encoding="utf-8")
        trained_on = re.findall(r"^Round \d+: trained on (\d+) images", log, re.MULTILINE)
        assert trained_on == [str(size - size // 10)] * ROUNDS
        data = to_tensors(*load_partition(workspace / f"partitions/client_{number}.npz"))
        (_, kept), held_out = split(*data, seed=number)
        assert row["examples"] == size // 10 == size - len(kept)
        assert row["accuracy"] == pytest.approx(evaluate(model, *held_out)[1])


def test_this_client_takes_part_in_the_lessons_federation_as_the_lessons_does(
    stage, workspace, tmp_path, lesson_run
):
    programs = (["server.py"], CLIENT)
    run = run_quickly(stage, workspace, tmp_path / "theirs", programs=programs)
    assert [row.failures for row in read_history(run)] == [0] * (ROUNDS + 1)
    models = [directory / "global_model.npz" for directory in (run, lesson_run)]
    assert models[0].read_bytes() == models[1].read_bytes()


def penalty(module, weights, mu):
    """Return mu / 2 times the squared distance of a module's parameters from `weights`, by name."""
    pairs = [(tensor, weights[name]) for name, tensor in module.named_parameters()]
    return mu / 2 * sum(((tensor - start) ** 2).sum() for tensor, start in pairs)


def gradients(module, loss):
    """Return the gradients that `loss` gives the module's parameters."""
    module.zero_grad()
    loss.backward()
    return [parameter.grad.clone() for parameter in module.parameters()]


@pytest.fixture
def moved():
    """(network, weights, loss): it had those weights, with buffers between them, among these an integer."""
    torch.manual_seed(2)
    layers = [torch.nn.Linear(4, 3), torch.nn.BatchNorm1d(3), torch.nn.Linear(3, 2)]
    module, inputs, labels = torch.nn.Sequential(*layers), torch.randn(8, 4), torch.randint(2, (8,))
    rng, weights = np.random.default_rng(1), get_weights(module)
    set_weights(module, [np.asarray(w + rng.normal(0, 0.1, w.shape), w.dtype) for w in weights])
    return module, weights, lambda: F.cross_entropy(module(inputs), labels)


@pytest.mark.parametrize("mu", [0.01, 0.3, 5.0])
def test_the_pull_gives_the_very_gradients_of_the_proximal_penalty(moved, mu):
    module, weights, loss = moved
    starts = dict(zip(module.state_dict(), map(torch.from_numpy, weights), strict=True))
    expected = gradients(module, loss() + penalty(module, starts, mu))
    with proximal_pull(module, weights, mu):
        pulled = gradients(module, loss())
    torch.testing.assert_close(pulled, expected, rtol=1e-5, atol=1e-6)


def test_no_pull_is_left_after_the_block_nor_where_mu_is_0(moved):
    module, weights, loss = moved

    def now():
        module.eval()  # which changes no buffer
        return gradients(module, loss())

    plain = now()
    with proximal_pull(module, weights, 0.0):
        assert all(map(torch.equal, now(), plain))
    with pytest.raises(ZeroDivisionError), proximal_pull(module, weights, 1.0):
        assert not all(map(torch.equal, now(), plain))
        raise ZeroDivisionError
    assert all(map(torch.equal, now(), plain))


def test_fedprox_trains_as_with_the_penalty_in_the_loss(mnist):
    data = mnist.images[:96], mnist.labels[:96].astype(np.int64)
    client = HeterogeneityClient(0, make_model(), *data)
    config = instructions(1, "--local-epochs", 2) | {"client_evaluation": False}
    trained, _, _ = client.fit(untrained(), config | {"proximal_mu": 0.5})
    model = make_model()
    set_weights(model, untrained())
    starts = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    rng = np.random.default_rng([0, 1, 0])
    for order in (rng.permutation(96) for _ in range(2)):
        for batch in torch.from_numpy(order).split(32):
            optimizer.zero_grad()
            loss = F.cross_entropy(model(client.images[batch]), client.labels[batch])
            (loss + penalty(model, starts, 0.5)).backward()
            optimizer.step()
    for mine, theirs in zip(trained, get_weights(model), strict=True):
        np.testing.assert_allclose(mine, theirs, atol=1e-5)
