"""A command that needs another one's port or run is started when that one has ended, whatever it has said."""

import os
import threading

import psutil
import pytest

from tests.support.harness import wait_until
from tests.support.ports import free_address

# Says its last words, and holds a port and a lock until it is let go; or lets its child hold the port.
SLOW_TO_END = """
from support.run_settings import locked_run
import os, socket, sys, time

host, port = sys.argv[2].split(":")
listener = socket.create_server((host, int(port)), reuse_port=False)
os.makedirs(sys.argv[4], exist_ok=True)
with locked_run(sys.argv[4]):
    print("The last words", flush=True)
    if sys.argv[5] == "child's port" and os.fork():
        os._exit(0)
    while not os.path.exists("go"):
        time.sleep(0.01)
"""
LAST_WORDS = "^The last words$"


def start(stage, directory, address, run, shared="port"):
    """Start one that is slow to end."""
    words = ["-c", SLOW_TO_END, "--address", address, "--run", run, shared]
    return stage.start(*words, cwd=directory, cold=True)


@pytest.mark.parametrize("shared", ["port", "child's port", "run", "run by another name"])
def test_what_another_needs_is_waited_for(stage, tmp_path, shared):
    address = free_address()
    first = start(stage, tmp_path, address, "results/run", shared)
    first.wait_for(LAST_WORDS)
    (tmp_path / "link").symlink_to("results")
    threading.Timer(0.3, (tmp_path / "go").touch).start()
    there = {"run": "results/run", "run by another name": "link/run"}.get(shared, "results/other")
    second = start(stage, tmp_path, address if "port" in shared else free_address(), there)
    assert first.ended and (tmp_path / "go").exists()
    second.finish()


def test_what_no_other_command_needs_and_what_is_to_be_refused_is_not_waited_for(stage, tmp_path):
    first = start(stage, tmp_path, free_address(), "results/run")
    other = start(stage, tmp_path, free_address(), "results/other")
    for command in (first, other):
        command.wait_for(LAST_WORDS)
    stage.start("-c", "", "--run", "results/run", cwd=tmp_path, cold=True, beside=True).finish()
    (tmp_path / "go").touch()
    first.finish()
    other.finish()


def test_the_number_of_a_command_is_given_to_no_other_while_a_test_may_ask_for_its_end(
    stage, tmp_path
):
    """A system has 32,768 numbers, say, and begins again: who was given an old one seemed to have ended."""
    ended = stage.start("-c", "raise SystemExit(3)", cwd=tmp_path, cold=True)
    assert ended.wait() == 3
    killed = stage.start("-c", "import time; time.sleep(1000)", cwd=tmp_path, cold=True)
    killed.kill()
    for actor in (ended, killed):
        os.kill(actor.number, 0)  # there is a zombie
        actor.remove()
        wait_until(lambda actor=actor: not psutil.pid_exists(actor.number), "it is forgotten")
        assert actor.number not in stage.statuses
