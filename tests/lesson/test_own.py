"""Your own model, your own data: what README.md says is enough, and it learns."""

import re
import shutil

import numpy as np
import pytest

from support.tables import read_history
from tests.support.harness import ROOT, snapshot
from tests.support.ports import free_address

NETWORK = '''
class Own(nn.Module):
    """A network with batch normalisation, whose counter of batches is an integer."""

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(
            nn.BatchNorm1d(30), nn.Linear(30, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Linear(32, 3)
        )
        self.register_buffer("mask", torch.tensor([True, True, False] * 10))

    def forward(self, numbers):
        """Return three scores for every row of thirty numbers."""
        return self.layers(numbers * self.mask)


'''
TO_TENSORS = '''def to_tensors(images, labels):
    """Turn rows of thirty numbers into what the model takes."""
    return torch.from_numpy(images).float(), torch.from_numpy(labels)
'''


@pytest.fixture
def own(tmp_path):
    """A copy of the lesson with another network and other data: what the page says, and nothing else."""
    shutil.copytree(ROOT / "support", tmp_path / "support")
    for file in ROOT.glob("*.py"):
        shutil.copy(file, tmp_path)
    (tmp_path / "data").symlink_to(ROOT / "data")
    code = (tmp_path / "model.py").read_text(encoding="utf-8")
    code = code.replace("def make_model", NETWORK.lstrip("\n") + "def make_model")
    code = code.replace("return CNN()", "return Own()")
    code = re.sub(r"def to_tensors.*?\n(?=\n\ndef )", TO_TENSORS, code, flags=re.DOTALL)
    (tmp_path / "model.py").write_text(code, encoding="utf-8")
    (tmp_path / "partitions").mkdir()
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(3, 30))
    for name, count in {"client_0": 200, "client_1": 97, "client_2": 150, "test": 300}.items():
        labels = rng.integers(0, 3, count)
        table = centres[labels] + rng.normal(size=(count, 30))
        table[:, 28] = 50_000 + 20_000 * table[:, 28]  # incomes, say: nobody has scaled them
        np.savez(tmp_path / f"partitions/{name}.npz", images=table, labels=labels)
    return tmp_path


def start(stage, own, program, *words):
    """Run a program of the copy."""
    return stage.run(own / program, *words, cwd=own, PYTHONPATH=str(own))


def run(stage, own, *words):
    """Run federation.py of the copy."""
    words = ["--clients", 3, "--rounds", 3, "--address", free_address(), *words]
    return start(stage, own, "federation.py", *words)


def test_another_network_learns_other_data_which_is_never_replaced(own, stage):
    before = snapshot(own / "partitions")
    refused = start(stage, own, "partition.py")
    assert refused.status == 2 and len(refused.stderr.splitlines()) == 1
    assert "partitions/ holds data of your own; move it elsewhere" in refused.stderr
    finished = run(stage, own, "--batch-size", 16, "--scheme", "shards")
    assert finished.status == 0, finished
    history = read_history(own / "results/fedavg")
    assert [row.clients for row in history] == [0, 3, 3, 3]  # no update is left out
    assert history[0].accuracy < 0.6 and history[-1].accuracy > 0.9
    assert snapshot(own / "partitions") == before
    with np.load(own / "results/fedavg/global_model.npz") as file:
        counter = file["layers.2.num_batches_tracked"]
        mask, means = file["mask"], file["layers.0.running_mean"]
    assert mask.dtype == bool and mask.tolist() == [True, True, False] * 10
    assert means[28] > 20_000  # on its way to 50,000: no client is refused for that
    # Each round adds the mean number of batches of 16, where the 97th image joins the batch before it,
    # rounded: an average of counters is a counter.
    assert counter.dtype == np.int64
    assert counter == 3 * round(np.average([13, 6, 10], weights=[200, 97, 150]))


def test_more_clients_than_partitions_are_told_which_there_are(own, stage):
    finished = run(stage, own, "--clients", 5)
    assert finished.status == 2
    assert finished.stderr == (
        "federation.py: there is no partitions/client_3.npz; give --clients 3, or add it\n"
    )
    assert not (own / "results").exists()
    client = start(stage, own, "client.py", "--partition-id", 4)
    assert client.stderr.endswith("the partitions there are 0 to 2: choose one of them\n")


def change_model(own, before, after):
    """Replace `before` by `after` in the copy's model.py; return the number of the line that it begins in."""
    code = (own / "model.py").read_text(encoding="utf-8")
    assert code.count(before) == 1
    (own / "model.py").write_text(code.replace(before, after), encoding="utf-8")
    return code[: code.index(before)].count("\n") + 1


FORWARD = "return self.layers(numbers * self.mask)"
RETURN = "return Own()"
POINTER = "; see README.md: Your own model, your own data\n"
NO_MODEL = {  # what stands in model.py, in the place of what, and how the server complains
    "untested": (FORWARD, "assert self.training", "cannot be tested on .*: AssertionError"),
    "a name": (FORWARD, "return {}['scores']", "cannot be tested on .*: KeyError: 'scores'"),
    "a type": (RETURN, "return Own().bfloat16()", "TypeError: .* BFloat16"),
    "lazy": (RETURN, "return nn.Sequential(nn.LazyLinear(3))", "ValueError: .*Lazy"),
    "a file": (RETURN, "return torch.load('mine.pt')", "cannot go on: .*mine.pt|FileNotFoundError"),
    "a module": (RETURN, "import mine", "ModuleNotFoundError: No module named 'mine'"),
}


@pytest.mark.parametrize("change", NO_MODEL.values(), ids=NO_MODEL)
def test_a_server_says_in_a_line_what_is_wrong_with_a_network_and_where(own, stage, change):
    before, after, complaint = change
    line = change_model(own, before, after)
    finished = start(stage, own, "server.py", "--clients", 3, "--address", free_address())
    last = finished.stderr.splitlines(keepends=True)[-1]
    assert "Traceback" not in finished.stderr + finished.stdout
    assert re.search(complaint, last) and last.startswith("server.py: ")
    if finished.status == 2:
        assert last.endswith(POINTER)
        where = int(re.search(r"\(model.py, line (\d+)\)", last)[1])
        told = (own / "model.py").read_text(encoding="utf-8").splitlines()[where - 1]
        assert where == line or "tensor.numpy(" in told
    else:
        assert finished.status == 1 and "mine.pt" in last


def test_a_client_that_fails_in_training_says_where_and_so_does_the_federation(own, stage):
    line = change_model(own, FORWARD, f"assert not self.training\n        {FORWARD}")
    finished = run(stage, own)
    last = finished.stderr.splitlines()[-1]
    found = re.match(r"federation.py: client (\d) cannot go on: ", last)
    assert finished.status == 1 and found, finished
    said = (
        f"the model cannot train on partitions/client_{found[1]}.npz: AssertionError "
        f"(model.py, line {line}){POINTER.rstrip()}"
    )
    assert said in last and "cannot start" not in finished.stderr
    log = (own / f"results/fedavg/logs/client_{found[1]}.log").read_text(encoding="utf-8")
    assert log.endswith(f"client.py: {said}\n") and "Traceback" not in log


def test_a_network_that_cannot_be_tested_later_ends_the_run_in_a_line(own, stage):
    begin = "    model.eval()\n"
    fault = "    {0: 1}[model.layers[0].num_batches_tracked.item()]\n"
    line = 1 + change_model(own, begin, begin + fault)
    finished = run(stage, own)
    assert finished.status == 1
    last = finished.stderr.splitlines()[-1]
    batches = round((200 * 7 + 97 * 3 + 150 * 5) / 447)  # of 32, in round 1
    assert last == (
        "server.py: the model cannot be tested on partitions/test.npz: "
        f"KeyError: {batches} (model.py, line {line}){POINTER.rstrip()}"
    )
