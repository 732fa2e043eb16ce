"""What has not come to a good end on the engine says so, in one line, and leaves nothing."""

import shutil
import signal
import sys
from functools import partial
from pathlib import Path

import pytest

from beyond.engine.bundle import unpack_app
from beyond.simulation.app_run import run_app
from beyond.simulation.federation import parse
from beyond.simulation.private_flower import SUPERLINK, PrivateFlower
from support.command_line import RunError, UserError
from tests.support.certificates import make_certificates, tls_server
from tests.support.harness import PROGRAMS, ROOT, wait_until
from tests.support.ports import free_address

RAISED = r"KeyError: 'missing' \(ending_app\.py, line \d+\)"
AFTER = "the run has ended after round 0 of 2"


@pytest.fixture(scope="module")
def flower(tmp_path_factory):
    """A SuperLink without a node."""
    with PrivateFlower(tmp_path_factory.mktemp("endings") / "logs") as flower:
        flower.address = flower.superlink("--insecure")
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


thorough = partial(pytest.param, marks=pytest.mark.thorough)


@pytest.mark.parametrize(
    "how, reason",
    [
        ("raise_in_turn", f": {RAISED}"),
        thorough("die", ""),  # SuperLink waits a minute for a sign of life before it gives it up
        thorough("raise_key_error", f": {RAISED}"),
        thorough("end_early", ""),
    ],
)
def test_a_run_that_ends_before_its_last_round_has_failed(end, how, reason):
    with pytest.raises(RunError, match=f"^{AFTER}{reason}; .*/logs/ says more$"):
        end(how)


def test_a_client_that_is_done_without_ends_no_run(end):
    end("do_without_a_client")


@pytest.mark.thorough
def test_a_persons_mistake_stays_one(end):
    with pytest.raises(UserError, match="^give it up; or change --rounds$"):
        end("complain")


def test_a_run_config_that_flower_does_not_know_fails_in_one_line(flower, tmp_path):
    app = unpack_app(tmp_path / "app")
    with pytest.raises(RunError, match=r"^flwr run: .*Invalid run configuration"):
        flower.cli("run", app, SUPERLINK, "--run-config", "nonsense=1")


def test_a_port_that_another_superlink_has(flower):
    with pytest.raises(UserError, match=f"cannot listen on {flower.address}: .*in use"):
        flower.superlink("--insecure", port=int(flower.address.rpartition(":")[2]))


@pytest.mark.thorough
def test_a_superlink_that_cannot_start_says_why(tmp_path):
    starting = pytest.raises(RunError, match="SuperLink did not start: ")
    with PrivateFlower(tmp_path) as other, starting:
        other.superlink("--nonsense")
    assert not other.home.exists()


def test_a_superlink_whose_certificate_is_not_accepted(flower, tmp_path):
    server, others = (make_certificates(tmp_path / name) for name in ("server", "others"))
    process, refused = flower.processes[0], pytest.raises(RunError, match="certificate is not acc")
    with tls_server(server) as address, refused:
        flower.wait_until_healthy(process, address, others / "ca.pem", "superlink.log")


def test_a_command_that_is_killed_leaves_no_temporary_files(tmp_path):
    program = "import tempfile, time; print(tempfile.mkdtemp(), flush=True); time.sleep(60)"
    with PrivateFlower(tmp_path) as other:
        process = other.start(sys.executable, "-c", program, log="command.log")
        name = wait_until((tmp_path / "command.log").read_text, "its directory").strip()
        assert Path(name).is_dir()
        process.kill()
    assert not Path(name).exists()


HELD = """
from beyond.simulation.private_flower import PrivateFlower

with PrivateFlower("logs") as flower:
    flower.superlink("--insecure", "--simulation")
    print("It is up", flush=True)
    flower.processes[0].wait()
"""


def test_nothing_is_left_when_who_has_started_it_is_killed(make_place):
    place = make_place([1])
    command = place.start("-c", HELD)
    command.wait_for("^It is up")
    # SuperLink, and the SuperExec that it starts in another session.
    assert {"flower-superlink", "flower-superexec"} <= set(place.names())
    command.send(signal.SIGKILL)
    command.wait()
    place.assert_nothing_is_left()


COMMANDS = """
    simulation.federation  simulation.messages  secure_aggregation.federation
    deployment.federation  secure_aggregation.deployment
"""
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
@pytest.mark.parametrize("command", COMMANDS.split())
def test_every_command_fails_when_its_reader_has_slipped(make_place, repository_copy, command):
    place = make_place([40] * 5)
    copy = shutil.copytree(repository_copy, place.directory / "copy")
    for name in ("pyproject.toml", "LICENSE", ".gitignore"):
        shutil.copy(ROOT / name, copy)
    with open(copy / "model.py", "a", encoding="utf-8") as file:
        file.write(SLIP)
    words = ["--clients", "5", "--rounds", "2", "--run", "results/run"]
    words += ["--address", free_address()] if "deployment" in command else []
    run = place.start("-m", f"beyond.{command}", *words, PYTHONPATH=str(copy))
    assert run.wait(500) == 1, run.output
    assert "KeyError: 2 (model.py, line " in run.output.splitlines()[-1]
    assert "Traceback" not in run.output
    assert not (place.directory / "results/run/accuracy.png").exists()
