"""What a simulation is made of: whom its commands call, how they end, and what is said of a failure."""

import io
import os
import statistics
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from benchmarks.footprint import Footprint
from beyond.simulation import environment, plot_scale, scale
from beyond.simulation.app_run import ServerLines, failure
from beyond.simulation.federation import check_ray
from beyond.simulation.private_flower import PrivateFlower, last_line
from beyond.simulation.tracebacks import Tracebacks
from beyond.simulation.watchdog import end_processes
from support.command_line import RunError, UserError
from tests.support.harness import sha256, wait_until
from tests.support.small import HEADER

FOREIGN = {
    "FLWR_LOG_LEVEL": "ERROR",
    "RAY_ADDRESS": "10.0.0.1:6379",
    "GRPC_VERBOSITY": "debug",
    "PYTHONSTARTUP": "x.py",
    "https_proxy": "http://127.0.0.1:9",
    "ALL_PROXY": "socks5://127.0.0.1:9",
    "COLUMNS": "20",
    "SSLKEYLOGFILE": "keys",
}
OWN = {"PYTHONPATH": "/somewhere", "LANG": "C", "MY_FLWR_NAME": "kept", "PROXY_MINE": "kept"}


def test_commands_get_the_shells_environment_without_what_is_for_other_programs(
    monkeypatch, tmp_path
):
    for name, value in (FOREIGN | OWN).items():
        monkeypatch.setenv(name, value)
    left = environment.shells_environment()
    assert not FOREIGN.keys() & left.keys() and OWN.items() <= left.items()
    first, second = (environment.private_environment(tmp_path) for _ in range(2))
    assert first["FLWR_HOME"] == first["RAY_TMPDIR"] == str(tmp_path)
    assert first["RAY_AUTH_TOKEN"] != second["RAY_AUTH_TOKEN"]
    assert first["PATH"].startswith(os.path.dirname(sys.executable))


SAID = "import os; print(os.environ.get('HOME'), os.path.exists(os.path.expanduser('~/{}')))"


def test_rays_processes_have_a_home_that_describes_the_cluster_and_the_readers_caches(
    tmp_path, monkeypatch
):
    monkeypatch.setenv("HOME", "/the/readers")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    changes = environment.no_cloud_environment(tmp_path)
    words = [sys.executable, "-c", SAID.format(environment.NO_CLOUD)]
    said = subprocess.check_output(words, env=os.environ | changes, encoding="utf-8")
    assert said.split() == [str(tmp_path / "user"), "True"]
    assert changes["XDG_CACHE_HOME"] == "/the/readers/.cache"


STUBBORN = """
import os, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen(["sleep", "1000"], start_new_session=True)
print(child.pid, flush=True)
time.sleep(1000)
"""


def test_who_ignores_that_it_is_to_end_is_killed_and_what_it_has_started_and_who_lives_there(
    tmp_path,
):
    leader = subprocess.Popen([sys.executable, "-c", STUBBORN], stdout=subprocess.PIPE)
    child = psutil.Process(int(leader.stdout.readline()))
    homes = [tmp_path / "home/node_0", tmp_path / "homes"]
    resident, neighbour = (
        subprocess.Popen(["sleep", "1000"], env={"FLWR_HOME": str(home)}) for home in homes
    )
    try:
        wait_until(lambda: "FLWR_HOME" in psutil.Process(resident.pid).environ(), "it has begun")
        end_processes([psutil.Process(leader.pid)], tmp_path / "home", grace=0.2)
        assert leader.wait(5) == -9 and resident.wait(5) == -15
        assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE
        assert neighbour.poll() is None
    finally:
        for process in (leader, resident, neighbour):
            process.kill()
            process.wait()
        leader.stdout.close()


@pytest.mark.parametrize("kind", [UserError, RunError])
def test_a_complaint_of_ours_keeps_its_kind_and_so_its_status(kind):
    said = f"Traceback\nsupport.command_line.{kind.__name__}: mend it\nmore\n"
    error = failure(said, ServerLines(), "see", 3, 10)
    assert type(error) is kind and str(error) == "mend it"


@pytest.mark.parametrize(
    "last, when", [(None, "before its first round"), (0, "after round 0 of 10")]
)
def test_any_other_end_says_how_far_the_run_has_come(last, when):
    said = str(failure("", ServerLines(), "see", last, 10))
    assert said == f"the run has ended {when}; see"


TWO = """\
before
ERROR : Traceback (most recent call last):
  File "/home/apps/lesson.1/server.py", line 30, in fit
    oops()
  File "/python/json.py", line 5, in loads
KeyError: 'x'

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File "/python/flwr.py", line 7, in run
RuntimeError: it failed
after
Traceback (most recent call last):
  File "/python/flwr.py", line 9, in run
ValueError: another
"""


def test_the_cause_of_a_failure_is_told_with_the_apps_own_line():
    found = Tracebacks()
    lines = TWO.splitlines(keepends=True)
    left = [line for line in lines[:13] if not found.take(line)]
    assert left == ["before\n", "\n", "after\n"]
    assert found.last == "KeyError: 'x' (server.py, line 30)"
    assert all(map(found.take, lines[13:]))
    assert found.last == "ValueError: another"


def test_what_a_serverapp_says_is_printed_from_its_beginning_to_its_end(capsys):
    lines = ServerLines()
    said = ["flwr\n", "Starting Flower ServerApp\n", "Round 1\n", "│ frame\n"]
    assert [lines.take(line) for line in said] == [False] * 4
    assert lines.take("The record of this run is in here\n")
    printed = f"{said[1]}{said[2]}The record of this run is in here\n"
    assert capsys.readouterr().out == printed


@pytest.mark.parametrize(("engine", "words"), [("processes", 1), ("simulation", 2)])
def test_a_scale_says_what_the_run_has_recorded(tmp_path, monkeypatch, engine, words):
    commands = []

    def measure(command, directory, log):
        commands.append(command)
        run = directory / command[-1 - (engine == "processes")].partition("=")[2]
        run.mkdir(parents=True)
        rows = [f"{k},1.0,0.{k + 1},{each},4,0,0,0" for k, each in enumerate((9, 7, 1, 2, 4))]
        (run / "history.csv").write_text("\n".join([HEADER, *rows, ""]), encoding="utf-8")
        (run / "global_model.npz").write_text(engine, encoding="utf-8")
        return Footprint(12.34, 2_345_000_000, 5)

    monkeypatch.setattr(scale, "measure", measure)
    found = scale.measured(engine, 4, 4, 1, tmp_path)
    assert found.seconds_a_round == statistics.median([1, 2, 4])  # not the first, which waits
    assert (found.seconds, found.peak_gigabytes, found.processes) == (12.3, 2.35, 5)
    [model], [command] = tmp_path.rglob("global_model.npz"), commands
    assert (found.accuracy, found.model) == (0.5, sha256(model))
    assert command[: 1 + words] == [sys.executable, *scale.COMMANDS[engine]]
    assert {"--clients=4", "--rounds=4", "--local-epochs=1"} <= set(command)


@pytest.mark.parametrize(
    ("log", "line"),
    [
        ("first\n  the last one \n\n", "the last one"),
        ("╭── Error ──╮\n│ no such run │\n╰────╯\n", "no such run"),
        ("┌── Error ──┐\n│ no such run │\n└────┘\n", "no such run"),
        ("+-- Error --+\n| no such run |\n+----+\n", "no such run"),
        ("give it --insecure-\n", "give it --insecure-"),
        ("\n \n", "it said nothing"),
    ],
)
def test_of_a_log_the_last_line_that_says_something_is_told(log, line):
    assert last_line(log) == line


@pytest.mark.parametrize(("clients", "rounds"), [(1, 10), (10, 10), (11, 3), (1000, 3)])
def test_few_clients_run_more_rounds(clients, rounds):
    assert scale.rounds_for(clients) == rounds


def scales_of(engine, seconds):
    """Return Scales of these {clients: seconds a round}, with a memory of 1 GB each."""
    return [scale.Scale(engine, n, 3, 1, 1.0, each, 1.0, 1, 0.5, "") for n, each in seconds.items()]


@pytest.mark.parametrize(
    "ours, theirs, crosses, farthest",
    [
        ({10: 1.0, 1000: 3.0}, {10: 2.0, 1000: 2.0}, (10, 1000), 1.0),  # 2 s are twice 1 s
        ({10: 2, 30: 5, 100: 30}, {10: 3, 30: 6, 100: 20, 1000: 100}, (30, 100), 0.5),
        ({10: 2, 30: 5}, {10: 3, 30: 6}, None, 0.5),
    ],
)
def test_lines_cross_where_the_simulation_becomes_as_good(ours, theirs, crosses, farthest):
    scales = scales_of("processes", ours) + scales_of("simulation", theirs)
    assert plot_scale.crossing(scales, "seconds_a_round") == crosses
    assert plot_scale.farthest(scales, "seconds_a_round") == farthest
    assert plot_scale.crossing(scales, "peak_gigabytes") is None
    assert plot_scale.farthest(scales, "peak_gigabytes") == 0.0


@pytest.mark.parametrize(
    ("platform", "version", "advice"),
    [
        ("linux", (3, 14, 0), "Ray is missing; pip install"),
        ("win32", (3, 12, 9), "Ray is missing; pip install"),
        ("win32", (3, 13, 0), "Python 3.11 and 3.12 only; use one of them"),
    ],
)
def test_without_ray_a_line_says_what_brings_it(
    monkeypatch, tmp_path, refuses_here, platform, version, advice
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(sys, "version_info", version)
    assert advice in refuses_here("beyond.simulation.federation")


def test_the_simulation_finds_ray():
    check_ray()


def test_flowers_commands_are_found_beside_our_python_and_not_on_the_readers_path(
    tmp_path, monkeypatch
):
    """On Windows nothing looks at the PATH that a command is given, and .venv may not be active."""
    monkeypatch.setattr("psutil.Popen", lambda words, **given: SimpleNamespace(words=words, pid=1))
    monkeypatch.setenv("PATH", str(tmp_path))
    flower = PrivateFlower(tmp_path)
    flower.environment = environment.private_environment(tmp_path)
    flower.watchdog = SimpleNamespace(stdin=io.BytesIO())
    started = flower.start("flower-superlink", "--insecure", log="superlink.log")
    assert started.words == [str(Path(sys.executable).parent / "flower-superlink"), "--insecure"]
