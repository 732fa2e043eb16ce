"""Wherever our commands run: notebooks, closed streams, pipes, full disks, small limits, terminals."""

import fcntl
import os
import shlex
import subprocess
import sys
import termios
from contextlib import suppress

import nbformat
import pytest
from nbclient import NotebookClient

from tests.support.harness import PATIENCE, ROOT, environment
from tests.support.ports import free_address
from tests.support.small import PNG, write_history, write_partitions

CLIENTS = 2
FEDERATION = ["federation.py", "--clients", CLIENTS, "--rounds", 1, "--run", "results/run"]
PLOT = ["plot_accuracy.py", "results/old"]
LIMITS = "ulimit -Sn 64; ulimit -Hn 112; "


@pytest.fixture
def home(tmp_path, mnist):
    """A directory with partitions of one's own for two clients, and an earlier run in results/old."""
    write_partitions(tmp_path, mnist, sizes=[60] * CLIENTS, test_size=20)
    (tmp_path / "partitions/settings.json").unlink()
    write_history(tmp_path / "results/old", (0.1, 0.5))
    return tmp_path


def command(script, *more):
    """Return what a person types into a shell for one of our commands."""
    script, *words = script
    if script == "federation.py":
        words += ["--address", free_address()]
    return shlex.join(map(str, [sys.executable, ROOT / script, *words, *more]))


@pytest.fixture
def shell(home):
    """shell(line, ...) has a shell do what a person types; returns the finished process."""

    def run(line, **changes):
        variables = {**environment(), **changes}
        given = {name: value for name, value in variables.items() if value is not None}
        options = {"cwd": home, "env": given, "capture_output": True, "text": True}
        return subprocess.run(["bash", "-c", line], timeout=PATIENCE, check=False, **options)

    return run


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


@pytest.mark.parametrize(
    "closed, backend", [("<&-", "nonsense"), (">&-", "module://nonsense"), ("2>&-", None)]
)
def test_closed_streams_and_a_backend_that_is_not_there_do_no_harm(shell, home, closed, backend):
    finished = shell(f"{command(PLOT)} {closed}", MPLBACKEND=backend)
    assert (finished.returncode, finished.stderr) == (0, "")
    assert (home / "results/old/accuracy.png").read_bytes().startswith(PNG)


def test_a_federation_needs_no_streams_no_home_and_no_short_names(shell, home):
    far = home / ("a_long_name" * 10)
    far.mkdir()
    line = f"{command(FEDERATION)} <&- >&- 2>&-"
    assert shell(line, TMPDIR=str(far), HOME=None, MPLBACKEND="module://nonsense").returncode == 0
    assert (home / "results/run/history.csv").read_text(encoding="utf-8").startswith("round,loss")
    assert (home / "results/run/accuracy.png").read_bytes().startswith(PNG)


def test_a_mistake_has_its_status_when_the_line_cannot_be_read(shell):
    assert shell(f"{command(['plot_accuracy.py', 'none'])} 2>&-").returncode == 2
    if os.path.exists("/dev/full"):
        assert shell(f"{command(['plot_accuracy.py', 'none'])} 2>/dev/full").returncode == 2


def test_a_reader_who_leaves_ends_a_command_in_silence(shell):
    finished = shell(f"{command(PLOT)} | head -0; echo ${{PIPESTATUS[0]}}")
    assert (finished.stdout, finished.stderr) == ("141\n", "")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_full_disk_behind_the_output_is_told_in_one_line(shell):
    finished = shell(f"{command(PLOT)} >/dev/full")
    assert finished.returncode == 1
    assert finished.stderr == "plot_accuracy.py: cannot go on: No space left on device\n"


# Limits and terminals


def test_a_small_limit_is_told_with_what_would_fit(shell, home):
    refused = shell(LIMITS + command(FEDERATION, "--clients", 3))
    assert refused.returncode == 2
    assert refused.stderr == (
        "federation.py: 3 clients need some 115 open files (ulimit -n), and 112 are allowed; "
        "allow more, or choose --clients 2\n"
    )
    assert not (home / "results/run").exists()


def test_what_fits_runs_on_a_terminal_that_stops_what_prints_in_the_background(home):
    """`stty tostop`: the processes of a federation are in groups of their own, which is the background."""
    ours, terminal = os.openpty()
    settings = termios.tcgetattr(terminal)
    settings[3] |= termios.TOSTOP
    termios.tcsetattr(terminal, termios.TCSANOW, settings)
    process = subprocess.Popen(
        ["bash", "-c", f"{LIMITS} exec {command(FEDERATION)}"],
        cwd=home,
        env=environment(),
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        **dict.fromkeys(("stdin", "stdout", "stderr"), terminal),
    )
    os.close(terminal)
    try:
        assert b"Wrote results/run/accuracy.png" in everything_from(ours)
        assert process.wait(PATIENCE) == 0
    finally:
        process.kill()
        os.close(ours)


def everything_from(descriptor):
    """Return what is written to a terminal until no process has it open."""
    content = b""
    with suppress(OSError):  # how a terminal ends
        while news := os.read(descriptor, 65536):
            content += news
    return content
