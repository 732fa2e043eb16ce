"""A chapter attaches through the four doors, and the lesson runs without any."""

import json
import re
import shutil
from functools import partial

import numpy as np
import pytest

from tests.support.harness import ROOT, snapshot
from tests.support.ports import free_address
from tests.support.small import write_partitions

TOY = ROOT / "tests/toy"
FEDERATION = ["-m", "beyond.toy.federation", "--clients", 2, "--rounds", 2, "--run", "results/toy"]


@pytest.fixture
def house(repository_copy, tmp_path, mnist):
    """A copy of the repository with the toy as its only chapter, and partitions for two clients."""
    copy = tmp_path / "house"
    ignored = shutil.ignore_patterns("__pycache__", "beyond")
    shutil.copytree(repository_copy, copy, ignore=ignored)
    (copy / "beyond").mkdir()
    shutil.copy(ROOT / "beyond/__init__.py", copy / "beyond")
    shutil.copytree(TOY, copy / "beyond/toy", ignore=shutil.ignore_patterns("__pycache__"))
    write_partitions(copy, mnist, sizes=[40, 30], test_size=20)
    return copy


def run(stage, house, *words):
    """Run a command of the copy, with the copy's modules."""
    words = [*words, "--address", free_address()]
    return stage.run(*words, cwd=house, PYTHONPATH=str(house))


def test_a_chapter_comes_in_through_the_doors_and_touches_nothing(house, stage):
    before = snapshot(house)
    finished = run(stage, house, *FEDERATION, "--decay", 0.5)
    assert finished.status == 0, finished
    for number in range(2):
        log = (house / f"results/toy/logs/client_{number}.log").read_text(encoding="utf-8")
        assert re.findall(r"^Learning rate (.*)$", log, re.MULTILINE) == ["0.05", "0.025"]
    settings = json.loads((house / "results/toy/run.json").read_text(encoding="utf-8"))["settings"]
    assert settings["decay"] == 0.5
    after = snapshot(house)
    new = {path for path in after if not path.startswith("results") and "__pycache__" not in path}
    assert new == set(before) and before.items() <= after.items()
    others = {"with --decay 0.5": [*FEDERATION, "--decay", 0.25]}
    others["python -m beyond.toy.server"] = [house / "federation.py", *FEDERATION[2:]]
    for advice, words in others.items():
        refused = run(stage, house, *words, "--rounds", 3, "--resume")
        assert refused.status == 2 and advice in refused.stderr


def test_a_chapter_may_have_options_of_every_kind(house, stage):
    shutil.copy(ROOT / "tests/support/every_kind.py", house / "beyond/toy/options.py")
    typed = "--no-warm --plain --loud --loud --tag=-a --tag b --pair -1 2 --layers 1 2 --shape 3x4"
    words = [*typed.split(), "--file", "a b", "--any_of=x", "--square", "--note=--cold"]
    expected = {"warm": False, "fancy": False, "loud": 2, "tag": ["-a", "b"], "pair": [-1, 2]}
    expected |= {"layers": [1, 2], "shape": [3, 4], "file": "a b", "any_of": ["x"], "patience": 30}
    expected |= {"remark": "--cold", "sides": [4], "cold": None, "speed": 1}
    finished = run(stage, house, *FEDERATION, *words)
    assert finished.status == 0, finished
    settings = json.loads((house / "results/toy/run.json").read_text(encoding="utf-8"))["settings"]
    assert expected.items() <= settings.items()
    longer = [*FEDERATION, "--rounds", 3, "--resume"]
    for other in (["--shape", "3x5"], ["--tag", "c"], ["--warm"]):
        refused = run(stage, house, *longer, *words, *other)
        assert (refused.status, refused.stderr.count("\n")) == (2, 1), refused
    assert run(stage, house, *longer, *words).status == 0


def test_a_mistake_in_a_chapters_option_names_the_chapters_command(house, stage):
    finished = run(stage, house, *FEDERATION, "--decay", 2)
    assert finished.status == 2
    assert finished.stderr.startswith("beyond.toy.federation: ")
    assert "python -m beyond.toy.federation --help" in finished.stderr
    assert not (house / "results").exists()


@pytest.mark.parametrize("typed, advice", [("--decay", "see python"), ("--clint", "--clients?")])
def test_an_option_that_a_command_does_not_have_gets_one_line(house, stage, typed, advice):
    finished = run(stage, house, house / "federation.py", typed, 5)
    assert (finished.status, len(finished.stderr.splitlines())) == (2, 1)
    assert advice in finished.stderr


NETWORK = """
from torch import nn

class Line(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(28 * 28, 10)

    def forward(self, images):
        return self.layer(images.flatten(start_dim=1))
"""
PROGRAM = """
import {name}
from beyond.line.network import Line
from support.command_line import run_command

def main(arguments=None):
    {name}.main(arguments, make_model=Line)

if __name__ == "__main__":
    run_command(main)
"""
OWN_NETWORK = ["--clients", 2, "--learning-rate", 0.01, "--run", "results/line"]


@pytest.fixture
def line(house):
    """The house with a chapter that has a network of its own, and nothing else."""
    folder = house / "beyond/line"
    folder.mkdir()
    (folder / "network.py").write_text(NETWORK, encoding="utf-8")
    for name in ("server", "client", "federation"):
        (folder / f"{name}.py").write_text(PROGRAM.format(name=name), encoding="utf-8")
    return house


def model_in(house):
    """Return the global model of the chapter's run, {name: array}."""
    with np.load(house / "results/line/global_model.npz") as file:
        return dict(file)


def test_a_network_of_a_chapters_own_comes_in_through_every_door(line, stage):
    words = ["-m", "beyond.line.federation", *OWN_NETWORK]
    finished = run(stage, line, *words, "--rounds", 1)
    assert finished.status == 0, finished
    shapes = {name: array.shape for name, array in model_in(line).items()}
    assert shapes == {"layer.weight": (10, 784), "layer.bias": (10,)}
    refused = run(stage, line, line / "federation.py", *OWN_NETWORK, "--rounds", 2, "--resume")
    assert refused.status == 2 and "holds another model" in refused.stderr
    assert run(stage, line, *words, "--rounds", 2, "--resume").status == 0
    together = model_in(line)

    start = partial(stage.start, cwd=line, PYTHONPATH=str(line))
    address = free_address()
    words = [*OWN_NETWORK, "--rounds", 2, "--address", address]
    server = start("-m", "beyond.line.server", *words)
    for number in range(2):
        start("-m", "beyond.line.client", "--partition-id", number, "--server", address)
    server.finish()
    assert all(np.array_equal(array, together[name]) for name, array in model_in(line).items())


def test_the_lesson_runs_without_any_chapter(house, stage):
    shutil.rmtree(house / "beyond")
    words = [house / "federation.py", "--clients", 2, "--rounds", 1, "--run", "results/alone"]
    assert run(stage, house, *words).status == 0
