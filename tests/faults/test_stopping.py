"""However a run ends, no process is left behind and what is on disk is whole."""

from support.history import read_history

import signal

import numpy as np
import psutil
import pytest

from model import CNN, get_weights
from tests.programs.patient_federation import PATIENT
from tests.support.harness import PATIENCE, PROGRAMS, ROOT, processes_in, wait_until
from tests.support.ports import free_address
from tests.support.small import write_partitions

CLIENTS = 2
# Everybody is asked twice: who is asked in a callback of gRPC's may not hear it.
BEFORE_KILLING = 2 * PATIENT


@pytest.fixture
def starting(tmp_path, mnist, start_warm):
    """starting(*words) starts a federation that would run for hours."""
    write_partitions(tmp_path, mnist, sizes=[60] * CLIENTS, test_size=20)

    def start_one(*words):
        endless = ["--clients", CLIENTS, "--rounds", 100_000, "--run", "results/run", *words]
        return start_warm([PROGRAMS / "patient_federation.py", *endless], tmp_path)

    return start_one


@pytest.fixture
def running(starting):
    """A federation in the middle of its rounds: its command, its address, and all of its processes."""
    address = free_address()
    command = starting("--address", address)
    command.wait_for("^Round  2 of")
    return command, address, children(command)


def children(command):
    """Return the processes that a federation has started."""
    parent = psutil.Process(command.number)
    everybody = CLIENTS + 3  # the server, what forks them all, and what looks after its resources
    command.wait_until(lambda: len(parent.children(recursive=True)) >= everybody, "all are there")
    return parent.children(recursive=True)


def assert_nothing_runs(directory, processes):
    """Check that none of the processes is left, nor any other that works in `directory`."""
    gone, alive = psutil.wait_procs(processes, timeout=PATIENCE)
    assert alive == []
    wait_until(lambda: not processes_in(directory), f"nothing runs in {directory}")


def assert_record_is_whole(run):
    """Check that the record of the run is valid and that no temporary file is beside it."""
    history = read_history(run)
    assert len(history) >= 3
    assert {entry.name for entry in run.iterdir()} == {
        "history.csv",
        "run.json",
        "global_model.npz",
        "state.zip",
        "events.jsonl",
        "logs",
    }
    assert_model_is_whole(run)


def assert_model_is_whole(run):
    """Check that the global model is one."""
    with np.load(run / "global_model.npz") as file:
        assert [array.shape for array in file.values()] == [
            array.shape for array in get_weights(CNN())
        ]


def listener(processes, address):
    """Return the process that listens at `address`: the server."""
    port = int(address.rpartition(":")[2])
    (server,) = [process for process in processes if port in ports(process, psutil.CONN_LISTEN)]
    return server


def ports(process, status):
    """Return the local ports of the process's connections that are in this state."""
    return {
        connection.laddr.port
        for connection in process.net_connections()
        if connection.status == status
    }


def clients_of(processes, address):
    """Return the processes that are connected to the server and are not the server."""
    server = listener(processes, address)
    others = [process for process in processes if process != server]
    connected = [process for process in others if ports(process, psutil.CONN_ESTABLISHED)]
    assert len(connected) == CLIENTS
    return connected


def test_ctrl_c_ends_everything_in_order(running, tmp_path):
    command, _, processes = running
    command.send_to_group(signal.SIGINT)
    assert command.wait(BEFORE_KILLING) == 130  # nobody had to be killed
    assert_nothing_runs(tmp_path, processes)
    assert_record_is_whole(tmp_path / "results/run")
    assert "Traceback" not in command.output
    assert "federation.py: stopped" in command.lines


def test_ctrl_c_while_clients_are_still_coming_ends_everything_in_order(starting, tmp_path):
    command = starting("--address", free_address())
    command.wait_for("^Waiting for clients")
    processes = children(command)
    command.send_to_group(signal.SIGINT)
    assert command.wait(BEFORE_KILLING) == 130
    assert_nothing_runs(tmp_path, processes)
    assert "Traceback" not in command.output
    assert_model_is_whole(tmp_path / "results/run")


def test_a_killed_client_is_done_without_and_sigterm_ends_the_rest_in_order(running, tmp_path):
    command, address, processes = running
    clients_of(processes, address)[0].kill()
    command.wait_for(r"Client \d left: 1 of 2")
    run = tmp_path / "results/run"
    command.wait_until(
        lambda: read_history(run)[-1].clients == 1, "the run goes on with one client"
    )
    command.send(signal.SIGTERM)
    assert command.wait(BEFORE_KILLING) == 128 + signal.SIGTERM
    assert_nothing_runs(tmp_path, processes)
    assert_record_is_whole(run)
    assert "Traceback" not in command.output


def test_when_all_clients_are_killed_the_federation_ends_and_says_why(running, tmp_path):
    command, address, processes = running
    for client in clients_of(processes, address):
        client.kill()
    assert command.wait() == 1
    assert command.stderr.splitlines()[-1] == (
        "federation.py: 0 of 2 clients are left, and 1 are needed; go on with --resume"
    )
    assert_nothing_runs(tmp_path, processes)
    assert_record_is_whole(tmp_path / "results/run")
    assert "Traceback" not in command.output


def test_kill_9_of_the_federation_ends_its_processes_too(running, tmp_path):
    command, _, processes = running
    command.send(signal.SIGKILL)
    assert command.wait() == -signal.SIGKILL
    assert_nothing_runs(tmp_path, processes)
    assert len(read_history(tmp_path / "results/run")) >= 3
    assert_model_is_whole(tmp_path / "results/run")


def test_a_server_that_fails_ends_the_federation(running, tmp_path):
    command, address, processes = running
    listener(processes, address).kill()
    assert command.wait() not in (0, None)
    assert_nothing_runs(tmp_path, processes)
    assert "Traceback" not in command.output
    assert_model_is_whole(tmp_path / "results/run")


def test_ctrl_c_ends_a_client_and_a_server_that_were_started_by_hand(tmp_path, mnist, start):
    write_partitions(tmp_path, mnist, sizes=[60, 60], test_size=20)
    address = free_address()
    words = ["--clients", 2, "--address", address, "--run", "results/run"]
    commands = {
        "client.py": start(
            [ROOT / "client.py", "--partition-id", 1, "--server", address], tmp_path
        ),
        "server.py": start([ROOT / "server.py", *words], tmp_path),
    }
    commands["server.py"].wait_for("^Client 1 joined: 1 of 2")
    for name, command in commands.items():
        command.send_to_group(signal.SIGINT)
        assert command.wait() == 130
        assert command.lines[-1] == f"{name}: stopped"
        assert "Traceback" not in command.output
    commands["server.py"].wait_for("^Client 1 left: 0 of 2")
    assert processes_in(tmp_path) == []
    assert len(read_history(tmp_path / "results/run")) == 1
