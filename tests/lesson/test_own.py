"""Your own model, your own data: what README.md says is enough, and it learns."""

from support.history import read_history

import re
import shutil

import numpy as np
import pytest

from tests.support.harness import snapshot
from tests.support.ports import free_address

NETWORK = '''
class Own(nn.Module):
    """A network with batch normalisation, whose counter of batches is an integer."""

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(30, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Linear(32, 3)
        )

    def forward(self, numbers):
        """Return three scores for every row of thirty numbers."""
        return self.layers(numbers)


'''
TO_TENSORS = '''def to_tensors(images, labels):
    """Turn rows of thirty numbers into what the model takes."""
    return torch.from_numpy(images).float(), torch.from_numpy(labels)
'''
CLIENTS = 3


@pytest.fixture
def own(repository_copy, tmp_path):
    """A copy of the lesson with another network and other data: what the page says, and nothing else."""
    copy = shutil.copytree(repository_copy, tmp_path / "own")
    code = (copy / "model.py").read_text()
    code = code.replace("def make_model", NETWORK.lstrip("\n") + "def make_model")
    code = code.replace("return CNN()", "return Own()")
    code = re.sub(r"def to_tensors.*?\n(?=\n\ndef )", TO_TENSORS, code, flags=re.DOTALL)
    (copy / "model.py").write_text(code)
    (copy / "partitions").mkdir()
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(3, 30))
    for name, count in {"client_0": 200, "client_1": 90, "client_2": 150, "test": 300}.items():
        labels = rng.integers(0, 3, count)
        table = centres[labels] + rng.normal(size=(count, 30))
        np.savez(copy / f"partitions/{name}.npz", images=table, labels=labels)
    return copy


def run(stage, own, *words):
    """Run federation.py of the copy."""
    words = ["--clients", CLIENTS, "--rounds", 3, "--address", free_address(), *words]
    return stage.run(own / "federation.py", *words, cwd=own, PYTHONPATH=str(own))


def test_another_network_learns_other_data(own, stage):
    before = snapshot(own / "partitions")
    finished = run(stage, own, "--batch-size", 16)
    assert finished.status == 0, finished
    history = read_history(own / "results/fedavg")
    assert [row.clients for row in history] == [0, 3, 3, 3]  # no update is left out
    assert history[0].accuracy < 0.6 and history[-1].accuracy > 0.9
    assert snapshot(own / "partitions") == before
    with np.load(own / "results/fedavg/global_model.npz") as file:
        counter = file["layers.1.num_batches_tracked"]
    batches = [-(-size // 16) for size in (200, 90, 150)]
    weights = np.array([200, 90, 150]) / 440
    assert counter.dtype == np.int64
    # Each round adds the mean number of batches, rounded: an average of counters is a counter.
    expected = 0
    for _ in range(3):
        expected = int(np.rint(expected + weights @ batches))
    assert counter == expected


def test_ones_own_partitions_are_never_replaced(own, stage):
    before = snapshot(own / "partitions")
    refused = stage.run(own / "partition.py", cwd=own, PYTHONPATH=str(own))
    assert refused.status == 2 and len(refused.stderr.splitlines()) == 1
    assert "partitions/ holds data of your own; move it elsewhere" in refused.stderr
    assert run(stage, own, "--scheme", "shards").status == 0
    assert snapshot(own / "partitions") == before


def test_more_clients_than_partitions_are_told_which_there_are(own, stage):
    finished = run(stage, own, "--clients", 4)
    assert finished.status == 1
    log = (own / "results/fedavg/logs/client_3.log").read_text()
    assert "the partitions there are 0 to 2: choose one of them" in log
