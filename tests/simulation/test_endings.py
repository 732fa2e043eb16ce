"""A run on the engine that has not come to a good end says so, in one line, whatever has ended it."""

from support.command_line import RunError, UserError

import shutil

import pytest

from beyond.engine.bundle import unpack_app
from beyond.simulation.app_run import run_app
from beyond.simulation.federation import parse
from beyond.simulation.private_flower import PrivateFlower
from tests.support.harness import PROGRAMS, ROOT
from tests.support.marked import Place
from tests.support.ports import free_address

RAISED = r"KeyError: 'missing' \(ending_app\.py, line \d+\)"
AFTER = "the run has ended after round 0 of 2"


@pytest.fixture(scope="module")
def flower(tmp_path_factory):
    """A SuperLink without a node."""
    with PrivateFlower(tmp_path_factory.mktemp("endings") / "logs") as flower:
        flower.superlink("--insecure")
        yield flower


@pytest.fixture
def end(flower, tmp_path, capfd):
    """end(how) runs a ServerApp to its end, in one of the ways that ending_app.py knows."""

    def run(how):
        app = unpack_app(tmp_path / "app", serverapp="ending_app:server_app", ending=how)
        shutil.copy(PROGRAMS / "ending_app.py", app)
        args = parse(["--clients", "2", "--rounds", "2", "--run", str(tmp_path / "run")])
        run_app(flower, app, args)

    yield run
    assert "Traceback" not in capfd.readouterr().out


@pytest.mark.parametrize(
    "how, line",
    [
        ("raise_in_turn", f"^{AFTER}: {RAISED}; .*/logs/ says more$"),
        # SuperLink waits a minute for a sign of life before it gives a killed ServerApp up.
        pytest.param("die", f"^{AFTER}; .*/logs/ says more$", marks=pytest.mark.thorough),
        pytest.param("raise_key_error", f"^{AFTER}: {RAISED}; ", marks=pytest.mark.thorough),
        pytest.param("end_early", f"^{AFTER}; ", marks=pytest.mark.thorough),
    ],
)
def test_a_run_that_ends_before_its_last_round_has_failed(end, how, line):
    with pytest.raises(RunError, match=line):
        end(how)


def test_a_client_that_is_done_without_ends_no_run(end):
    end("do_without_a_client")


@pytest.mark.thorough
def test_a_persons_mistake_stays_one(end):
    with pytest.raises(UserError, match="^give it up; or change --rounds$"):
        end("complain")


# What somebody adds to model.py, and what goes wrong when the model of round 1 is tested.
SLIP = """

tested = evaluate
seen = []


def evaluate(model, images, labels):
    seen.append(len(images))
    {1: "the untrained model"}[len(seen)]
    return tested(model, images, labels)
"""


@pytest.mark.thorough
@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    "command",
    [
        "simulation.federation",
        "simulation.messages",
        "secure_aggregation.federation",
        "deployment.federation",
        "secure_aggregation.deployment",
    ],
)
def test_every_command_fails_when_its_reader_has_slipped(tmp_path, mnist, repository_copy, command):
    place = Place(tmp_path, mnist, sizes=[40] * 5)
    copy = shutil.copytree(repository_copy, tmp_path / "copy")
    for name in ("pyproject.toml", "LICENSE", ".gitignore"):
        shutil.copy(ROOT / name, copy)
    with open(copy / "model.py", "a") as file:
        file.write(SLIP)
    words = ["--clients", "5", "--rounds", "2", "--run", "results/run"]
    words += ["--address", free_address()] if "deployment" in command else []
    try:
        run = place.start("-m", f"beyond.{command}", *words, PYTHONPATH=str(copy))
        assert run.wait(500) == 1, run.output
    finally:
        place.close()
    line = run.output.splitlines()[-1]
    assert "KeyError: 2 (model.py, line " in line
    assert "Traceback" not in run.output
    assert not (place.directory / "results/run/accuracy.png").exists()
