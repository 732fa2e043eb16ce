"""Where the picture goes, and what a run is called: nothing is replaced that is not a picture's file."""

import os
import stat
import subprocess
import sys

import pytest

from tests.support.harness import environment, snapshot
from tests.support.small import write_history

PNG = b"\x89PNG\r\n\x1a\n"
CSV = "results/fedavg/history.csv"


@pytest.fixture
def run(tmp_path):
    """A directory with the run results/fedavg."""
    write_history(tmp_path / "results/fedavg", (0.1, 0.5))
    return tmp_path


@pytest.fixture
def draw(run, stage):
    """draw(*words) runs plot_accuracy.py there."""
    return lambda *words, **changes: stage.run("plot_accuracy.py", *words, cwd=run, **changes)


def assert_draws(finished, file):
    """Check that the picture is in `file`, and nothing was complained about."""
    assert (finished.status, finished.stderr) == (0, "")
    assert file.read_bytes().startswith(PNG)


def complaint_of(finished):
    """Return the one line of a command that has refused."""
    assert finished.status == 2
    (line,) = finished.stderr.splitlines()
    return line


@pytest.fixture
def device(run):
    """A device like /dev/null, which a fault may destroy; skips the test where none can be made."""
    try:
        os.mknod(run / "device.png", stat.S_IFCHR | 0o600, os.makedev(1, 3))
    except OSError:
        pytest.skip("may not make a device")
    return run / "device.png"


def test_a_device_is_never_replaced(draw, device):
    assert "not a regular file" in complaint_of(draw("--output", device))
    assert stat.S_ISCHR(device.stat().st_mode)


def test_a_fifo_is_never_replaced_nor_waited_for(run, draw):
    os.mkfifo(run / "fifo.png")
    assert "not a regular file" in complaint_of(draw("--output", "fifo.png"))
    assert stat.S_ISFIFO(os.stat(run / "fifo.png").st_mode)


def test_a_link_stays_and_what_it_leads_to_keeps_its_mode(run, draw):
    (run / "kept.png").touch(mode=0o640)
    (run / "kept.png").chmod(0o640)
    (run / "link.png").symlink_to("kept.png")
    assert_draws(draw("--output", "link.png"), run / "kept.png")
    assert (run / "link.png").is_symlink()
    assert stat.S_IMODE((run / "kept.png").stat().st_mode) == 0o640


def test_a_link_to_nowhere_leads_to_the_picture(run, draw):
    (run / "link.png").symlink_to("new.png")
    assert_draws(draw("--output", "link.png"), run / "new.png")


@pytest.mark.parametrize("output", ["x.jpg", "results", "none/x.png"])
def test_what_cannot_be_a_picture_is_refused_and_the_next_choice_is_taken(run, draw, output):
    before = snapshot(run)
    assert "choose a" in complaint_of(draw("--output", output))
    assert snapshot(run) == before
    assert_draws(draw("--output", "x.png"), run / "x.png")


@pytest.mark.parametrize("home", ["--output=~/x.png", "~/results/fedavg/"])
def test_a_home_directory_is_found_wherever_it_stands(run, draw, home):
    finished = draw(home, HOME=str(run))
    assert_draws(finished, run / ("x.png" if "x.png" in home else "results/fedavg/accuracy.png"))


def test_a_history_may_be_named_in_the_place_of_its_directory(run, draw):
    assert_draws(draw(CSV), run / "results/fedavg/accuracy.png")


def test_another_file_of_a_run_is_no_run(run, draw):
    (run / "results/fedavg/run.json").touch()
    line = complaint_of(draw("results/fedavg/run.json"))
    assert line.startswith("plot_accuracy.py: there is no results/fedavg/run.json/history.csv")


def test_a_spreadsheets_byte_order_mark_does_no_harm(run, draw):
    (run / CSV).write_bytes(b"\xef\xbb\xbf" + (run / CSV).read_bytes())
    assert_draws(draw(), run / "results/fedavg/accuracy.png")


@pytest.mark.parametrize("name", ["_x", "-x", "~x", "$x_$y", "日本", "a\nb", "\udcff"])
def test_whatever_a_run_is_called_it_is_drawn_and_named(run, stage, name):
    """In Python's narrowest encoding, as with LANG=C; its own glyphs are never missing, nor its legend."""
    (run / "results/fedavg").rename(run / name)
    words = ["-c", STRICT, "plot_accuracy.py", "--", name]
    narrow = {"PYTHONIOENCODING": "ascii", "LC_ALL": "C"}
    finished = stage.run(*words, cwd=run, cold=True, **narrow)
    assert_draws(finished, run / name / "accuracy.png")


# Makes an error of a missing glyph and of a label that legends leave out, and runs the command behind it.
STRICT = """
import runpy, sys, warnings
warnings.simplefilter("error", UserWarning)
from tests.support.harness import ROOT
sys.argv = [str(ROOT / sys.argv[1]), *sys.argv[2:]]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


# Ends with an error while a thread goes on giving work to an executor, as gRPC's does, until that fails.
STILL_SERVING = """
import atexit, sys, threading
from concurrent.futures import ThreadPoolExecutor
from support.command_line import RunError, run_command

def main(arguments):
    executor = ThreadPoolExecutor(1)
    thread = threading.Thread(target=lambda: [executor.submit(int) for _ in iter(int, 1)], daemon=True)
    atexit.register(thread.join)
    thread.start()
    raise RunError("the disk is full")

run_command(main, "server.py")
"""


def test_threads_that_go_on_while_python_ends_add_nothing_to_the_one_line(tmp_path):
    command = [sys.executable, "-c", STILL_SERVING]
    finished = subprocess.run(
        command, cwd=tmp_path, env=environment(), stderr=subprocess.PIPE, text=True
    )
    assert (finished.returncode, finished.stderr) == (1, "server.py: the disk is full\n")
