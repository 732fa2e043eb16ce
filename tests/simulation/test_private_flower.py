"""A Flower of our own says in one line what fails, and is gone when the block ends."""

from support.command_line import RunError, UserError

import socket

import psutil
import pytest

from beyond.engine.bundle import unpack_app
from beyond.simulation.private_flower import SUPERLINK, PrivateFlower


def test_a_run_config_that_flower_does_not_know_fails_in_one_line_and_nothing_is_left(tmp_path):
    with PrivateFlower(tmp_path / "logs") as flower:
        address = flower.superlink("--insecure", "--simulation")
        app = unpack_app(flower.home / "app")
        with pytest.raises(RunError, match=r"^flwr run: .*Invalid run configuration"):
            flower.cli("run", app, SUPERLINK, "--run-config", "nonsense=1")
        with pytest.raises(UserError, match=f"cannot listen on {address}: .*in use"):
            flower.superlink("--insecure", port=int(address.rpartition(":")[2]))
        processes = [psutil.Process(one.pid) for one in flower.processes]
        processes += processes[0].children(recursive=True)
        assert len(processes) == 2  # SuperLink, and the SuperExec that it starts in another session
    assert not flower.home.exists()
    assert not [one for one in processes if one.is_running() and one.status() != "zombie"]
    with pytest.raises(ConnectionRefusedError), socket.create_connection(address.split(":")):
        pass


@pytest.mark.thorough
def test_a_superlink_that_cannot_start_says_why(tmp_path):
    with (
        PrivateFlower(tmp_path) as flower,
        pytest.raises(RunError, match="SuperLink did not start: "),
    ):
        flower.superlink("--nonsense")
    assert not flower.home.exists()
