"""Wherever our commands run: notebooks, closed streams, pipes, full disks, small limits, terminals."""

import os
import pty
import shlex
import subprocess
import sys

import nbformat
import pytest
from nbclient import NotebookClient

from tests.support.harness import PATIENCE, ROOT, environment
from tests.support.ports import free_address
from tests.support.small import PNG, write_history, write_partitions

CLIENTS = 2
FEDERATION = ["federation.py", "--clients", CLIENTS, "--rounds", 1, "--run", "results/run"]
LIMITS = "ulimit -Sn 64; ulimit -Hn 112; "


@pytest.fixture
def home(tmp_path, mnist):
    """A directory with partitions of one's own for two clients, and an earlier run in results/old."""
    write_partitions(tmp_path, mnist, sizes=[60] * CLIENTS, test_size=20)
    (tmp_path / "partitions/settings.json").unlink()
    write_history(tmp_path / "results/old", (0.1, 0.5))
    return tmp_path


def command(script, *words):
    """Return what a person types into a shell for one of our commands."""
    where = ["--address", free_address()] if script == "federation.py" else []
    return shlex.join(map(str, [sys.executable, ROOT / script, *words, *where]))


@pytest.fixture
def shell(home):
    """shell(line) has a shell do what a person types; returns the finished process."""
    options = {"cwd": home, "env": environment(), "capture_output": True, "text": True}
    return lambda line: subprocess.run(["bash", "-c", line], timeout=PATIENCE, **options)


# Notebooks

INTERRUPT_SOON = """
import importlib, os, signal, threading, time
from pathlib import Path

importlib.import_module("flwr.supercore.exit.exit").FORCE_EXIT_TIMEOUT_SECONDS = 0.1

def interrupt():
    while not Path("results/new/history.csv").exists():
        time.sleep(0.01)
    os.kill(os.getpid(), signal.SIGINT)

threading.Thread(target=interrupt).start()
"""


def shown(output):
    """Return one output of a cell as text; a picture is the word image/png."""
    return output.get("text") or " ".join(output.get("data") or [output.get("ename", "")])


def test_a_notebook_draws_keeps_its_own_figures_and_lives_on_when_a_server_is_interrupted(
    home, monkeypatch
):
    for name in ("IPYTHONDIR", "JUPYTER_RUNTIME_DIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR"):
        monkeypatch.setenv(name, str(home / "jupyter"))
    monkeypatch.setenv("PYTHONPATH", "")
    server = f"--clients {CLIENTS} --address {free_address()} --run results/new"
    cells = [
        f"%run {ROOT}/plot_accuracy.py results/old",
        "import matplotlib.pyplot as plt; plt.plot([1]);",
        INTERRUPT_SOON,
        f"%run {ROOT}/server.py {server}",
        "os.kill(os.getpid(), signal.SIGINT)\ntime.sleep(60)",
        f"%run {ROOT}/plot_accuracy.py results/new",  # takes longer than Flower's patience
        "print('alive')",
    ]
    content = nbformat.v4.new_notebook(cells=list(map(nbformat.v4.new_code_cell, cells)))
    options = {"timeout": PATIENCE, "allow_errors": True, "kernel_name": "python3"}
    NotebookClient(content, resources={"metadata": {"path": str(home)}}, **options).execute()
    drawn, figure, _, run, interrupted, again, alive = (
        "".join(map(shown, cell.outputs)) for cell in content.cells
    )
    assert drawn == "Wrote results/old/accuracy.png\n"
    assert "image/png" in figure
    assert "server.py: stopped" in run
    assert interrupted == "KeyboardInterrupt"
    assert again == "Wrote results/new/accuracy.png\n" and alive == "alive\n"


# Streams

PLOT, MISTAKE = command("plot_accuracy.py", "results/old"), command("plot_accuracy.py", "none")
FULL = "plot_accuracy.py: cannot go on: No space left on device\n"


@pytest.mark.parametrize(
    "before, closed",
    [("MPLBACKEND=nonsense", "<&-"), ("MPLBACKEND=module://nonsense", ">&-"), ("", "2>&-")],
)
def test_closed_streams_and_a_backend_that_is_not_there_do_no_harm(shell, home, before, closed):
    finished = shell(f"{before} {PLOT} {closed}")
    assert (finished.returncode, finished.stderr) == (0, "")
    assert (home / "results/old/accuracy.png").read_bytes().startswith(PNG)


def test_a_federation_needs_no_streams_no_home_and_no_short_names(shell, home):
    far = home / ("a_long_name" * 10)
    far.mkdir()
    without = f"unset HOME; export TMPDIR={far} MPLBACKEND=module://nonsense"
    assert shell(f"{without}; {command(*FEDERATION)} <&- >&- 2>&-").returncode == 0
    assert (home / "results/run/history.csv").read_text(encoding="utf-8").startswith("round,loss")
    assert (home / "results/run/accuracy.png").read_bytes().startswith(PNG)


@pytest.mark.parametrize(
    "line, status, said",
    [
        (f"{MISTAKE} 2>&-", 2, ""),
        (f"{MISTAKE} 2>/dev/full", 2, ""),
        (f"{PLOT} >/dev/full", 1, FULL),
        (f"{PLOT} | head -0; exit ${{PIPESTATUS[0]}}", 141, ""),
    ],
    ids=["no stderr", "a full disk behind stderr", "a full disk behind stdout", "a reader leaves"],
)
def test_what_cannot_be_printed_ends_a_command_with_its_status_and_one_line_at_most(
    shell, line, status, said
):
    if "/dev/full" in line and not os.path.exists("/dev/full"):
        pytest.skip("needs /dev/full")
    finished = shell(line)
    assert (finished.returncode, finished.stdout, finished.stderr) == (status, "", said)


# Limits and terminals


def test_a_small_limit_is_told_with_what_would_fit(shell, home):
    refused = shell(LIMITS + command(*FEDERATION, "--clients", 3))
    assert (refused.returncode, refused.stderr) == (
        2,
        "federation.py: 3 clients need some 115 open files (ulimit -n), and 112 are allowed; "
        "allow more, or choose --clients 2\n",
    )
    assert not (home / "results/run").exists()


def test_what_fits_runs_on_a_terminal_that_stops_what_prints_in_the_background(home, monkeypatch):
    """`stty tostop`: the processes of a federation are in groups of their own, which is the background."""
    monkeypatch.chdir(home)
    shown = []

    def read(terminal):
        shown.append(os.read(terminal, 65536))
        return shown[-1]

    line = f"stty tostop; {LIMITS} exec {command(*FEDERATION)}"
    assert pty.spawn(["bash", "-c", line], read) == 0
    assert b"Wrote results/run/accuracy.png" in b"".join(shown)
